"""libsndfile's decoders: plain sound here, and the links of Ogg files (see `ogg`).

Decoders print what they think of damage. Nothing of that reaches the terminal: the first of it is
kept as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.audio.decoding import (
    CHUNK_FRAMES,
    Chunk,
    OfAnother,
    Unreadable,
    complaint_note,
    cut_short,
    longer_than_counted,
)
from rtsep.audio.excerpt import Excerpt
from rtsep.audio.headers import Sound, wrong_size
from rtsep.audio.layouts import Layout
from rtsep.audio.quiet import quiet
from rtsep.audio.wav import native

LONGEST_COMPLAINT = 100  # letters
# What libmpg123 puts before its sentences: the place in its source, and how bad it is.
_PREFIX = re.compile(r"^(\[[^\]]*\])?\s*((error|warning|note):)?\s*", re.IGNORECASE)
_NOT_RECOGNISED = "Format not recognised"
# libsndfile only guesses how long an MP3 is and stops there; of a FLAC it believes the header.
_NOT_HERE = ("MP3", "FLAC")


class SndfileDecoder:
    """Plain sound. Read to the end of the file, whatever size its header gives."""

    tool = "libsndfile"

    def __init__(self, path: Path) -> None:
        """Raises Unreadable."""
        self._sound = wrong_size(path)
        self._file = open_sndfile(_repaired(path, self._sound))
        if self._file.format in _NOT_HERE:
            self._file.close()
            raise OfAnother(self._file.format)
        self._layout = _layout(path, self._sound) if self._file.channels > 2 else ()
        self._decoded = 0
        self._ended = False

    @property
    def notes(self) -> list[str]:
        notes = list(self._told_size())
        if self._file.complaint:
            notes.append(complaint_note(self._file.complaint))
        return notes

    def chunk(self) -> Chunk | None:
        sound = self._file.chunk()
        self._decoded += len(sound)
        self._ended = not len(sound)
        return None if self._ended else Chunk(sound, self._file.samplerate, self._layout)

    def frames_left(self) -> int:
        return 0 if self._ended else max(0, int(self._file.frames) - self._decoded)

    def close(self) -> None:
        self._file.close()

    def _told_size(self) -> Iterator[str]:
        """What the header says, against what is there, and what could be decoded of it."""
        frames, rate = int(self._file.frames), int(self._file.samplerate)
        sound = self._sound
        promised = frames
        if sound and sound.unknown:
            yield "its header does not say how long it is: read to the end of the file"
        elif sound and sound.size < sound.there:
            yield longer_than_counted(sound.size * frames / sound.there / rate, frames / rate)
        elif sound:
            promised = round(sound.size * frames / sound.there)
        if self._ended and self._decoded < promised:
            yield cut_short(self._decoded, promised, rate)


class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """soundfile seeks after every read, which a truncated file refuses and we do not need.

    `complaint` is the first that the decoder had to say, empty if it had nothing.
    """

    def __init__(self, file: Path | Excerpt) -> None:
        self.complaint = ""
        self._opened = file
        with self._heard():
            super().__init__(file if isinstance(file, Excerpt) else native(file))

    def seekable(self) -> bool:
        return False

    def chunk(self) -> NDArray[np.float32]:
        """The next frames, (frames, channels); none at the end and where damage starts."""
        frames: NDArray[np.float32] = np.zeros((0, self.channels), np.float32)
        with self._heard(), suppress(soundfile.SoundFileError):
            frames = self.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
        return frames

    def close(self) -> None:
        super().close()
        if isinstance(self._opened, Excerpt):
            self._opened.close()

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            with quiet() as said:
                yield
        finally:
            if said.lines and not self.complaint:
                self.complaint = _PREFIX.sub("", said.lines[0])[:LONGEST_COMPLAINT]


def open_sndfile(file: Path | Excerpt) -> SequentialFile:
    """Raises Unreadable."""
    try:
        return SequentialFile(file)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats
        if isinstance(file, Excerpt):
            file.close()
        reason = str(getattr(error, "error_string", _NOT_RECOGNISED)).rstrip(".")
        # It says so of an MP3 in which it finds no frame.
        absent = reason.startswith("File does not exist")
        raise Unreadable(_NOT_RECOGNISED if absent else reason) from error


def _repaired(path: Path, sound: Sound | None) -> Path | Excerpt:
    return path if sound is None else Excerpt(path, sound.start, head=sound.head)


def _layout(path: Path, sound: Sound | None) -> Layout:
    """libsndfile does not tell the channels' places; FFmpeg reads them from the same header."""
    from rtsep.audio.containers import layout_of

    with Excerpt(path, 0) if sound is None else Excerpt(path, sound.start, head=sound.head) as file:
        return layout_of(file)
