"""Ogg files, of which some hold several songs one after the other: a chain, of which all is read.

Each link is given to libsndfile as a file of its own, since libsndfile knows the first only, and
FFmpeg refuses links of different kinds. Knows pages (RFC 3533), and Opus and Vorbis by the order
of their channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rtsep.audio.decoding import Chunk, Unreadable, complaint_note, cut_short
from rtsep.audio.excerpt import Excerpt
from rtsep.audio.layouts import Layout
from rtsep.audio.sndfile import SequentialFile, open_sndfile

_PAGE, _HEADER = b"OggS", 27
_BEGINS, _ENDS = 2, 4  # flags of a page
_SEARCH = 1 << 16
# Vorbis I, 4.3.9, and RFC 7845, 5.1.1.2.
_ORDERS: dict[int, Layout] = {
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}
_OPUS, _OPUS_FAMILY = b"OpusHead", 18  # and where it says how its channels are to be taken


@dataclass(frozen=True)
class Link:
    """Bytes `start` up to `stop`. `whole`: its last page is there, and says that it is the last."""

    start: int
    stop: int
    whole: bool


class OggDecoder:
    """All links of a chain."""

    tool = "libsndfile"

    def __init__(self, path: Path) -> None:
        """Raises Unreadable where the first link is of a kind that libsndfile does not know."""
        self._path = path
        self._links = list(links(path))
        self._notes: list[str] = []
        self._number = 0
        self._decoded = 0  # of this link
        self._file = self._open()

    @property
    def notes(self) -> list[str]:
        notes = list(self._notes)
        if self._file.complaint:
            notes.append(complaint_note(self._file.complaint))
        return notes

    def chunk(self) -> Chunk | None:
        while not len(sound := self._file.chunk()):
            self._tell_end()
            if not self._next():
                return None
        self._decoded += len(sound)
        return Chunk(sound, self._file.samplerate, self._layout)

    def frames_left(self) -> int:
        """Of this link exactly; the others as if they held as much in as many bytes."""
        now, later = self._links[self._number], self._links[self._number + 1 :]
        frames = int(self._file.frames)
        share = sum(link.stop - link.start for link in later) / (now.stop - now.start)
        return max(0, frames - self._decoded) + round(frames * share)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> SequentialFile:
        link = self._links[self._number]
        file = open_sndfile(Excerpt(self._path, link.start, link.stop))
        self._layout = _order(self._path, link, file.channels)
        return file

    def _next(self) -> bool:
        """Whether there is another link that can be read."""
        self._file.close()
        while self._number + 1 < len(self._links):
            self._number += 1
            try:
                self._file, self._decoded = self._open(), 0
            except Unreadable as error:
                self._notes.append(f"part {self._number + 1} of its chain is left out: {error}")
            else:
                return True
        return False

    def _tell_end(self) -> None:
        frames, rate = int(self._file.frames), int(self._file.samplerate)
        if self._decoded < frames:
            self._notes.append(cut_short(self._decoded, frames, rate))
        elif self._number + 1 == len(self._links) and not self._links[-1].whole:
            self._notes.append("damaged or cut short: its end is missing")


def links(path: Path) -> Iterator[Link]:
    """In their order. A page that begins a stream, after one that does not, begins a link."""
    with path.open("rb", buffering=_SEARCH) as file:
        size = file.seek(0, 2)
        start, inside, whole = 0, False, False
        for at, flags, stop in _pages(file):
            begins = bool(flags & _BEGINS)
            if begins and inside:
                yield Link(start, at, whole)
                start = at
            inside, whole = not begins, bool(flags & _ENDS) and stop <= size
        yield Link(start, size, whole)


def _pages(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Where each begins, its flags, and where it should end. What lies between is left out."""
    at = 0
    while True:
        file.seek(at)
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            return
        if header[:4] != _PAGE:
            at = _search(file, at + 1)
            continue
        sizes = file.read(header[26])
        stop = at + _HEADER + len(sizes) + sum(sizes)
        yield at, header[5], stop
        file.seek(stop)
        at = stop if file.read(len(_PAGE)) in (_PAGE, b"") else _search(file, at + _HEADER)


def _search(file: BinaryIO, at: int) -> int:
    """Where the next page begins; the end of the file if there is none."""
    while True:
        file.seek(at)
        block = file.read(_SEARCH)
        if (found := block.find(_PAGE)) >= 0:
            return at + found
        if len(block) < _SEARCH:
            return at + len(block)
        at += len(block) - len(_PAGE) + 1


def _order(path: Path, link: Link, channels: int) -> Layout:
    with path.open("rb") as file:
        file.seek(link.start)
        begin = file.read(512)
    opus = begin.find(_OPUS)
    if opus >= 0 and begin[opus + _OPUS_FAMILY :][:1] not in (b"\0", b"\1"):
        return ()  # these channels have no places
    if opus < 0 and b"\1vorbis" not in begin:
        return ()
    return _ORDERS.get(channels, ())
