"""How much sound the header of a plain file promises, and how much is there.

Recorders write the size of the sound when they finish. One that died leaves 0, the largest number,
or what it knew some time before. Knows WAV, RF64, W64, AIFF, AU and CAF, and of these only where
the sound lies and where its size stands; the rest is libsndfile's.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# From here on a 32-bit size is none. Programs that write into a pipe put different numbers there.
PLACEHOLDER = 0x7FFFF000
UNKNOWN_32 = 0xFFFFFFFF
MOST_CHUNKS = 10_000  # before the sound; real files have some ten
BLOCK, MOST_SILENCE = 1 << 16, 1 << 24  # bytes that are looked at
MOST_HEAD = 1 << 26  # of bytes before the sound

# What follows the sound of whole files, also where it is cut off itself. Others must fit.
_KNOWN = (
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"chna", b"cue ", b"smpl", b"inst",
    b"fact", b"PEAK", b"JUNK", b"junk", b"PAD ", b"FLLR", b"afsp", b"DISP", b"acid", b"cart",
    b"_PMX", b"umid", b"MARK", b"COMT", b"ANNO", b"NAME", b"APPL", b"TAG", b"ID3", b"APETAGEX",
    b"LYRICSBEGIN",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Where the sound lies: `size` bytes says the header, `there` are to the file's end.

    With `head` in place of all before `start` the header says what is there. `unknown`: the size is
    none, as of a writer that never knew it.
    """

    start: int
    size: int
    there: int
    head: bytes
    unknown: bool


@dataclass(frozen=True)
class _Place:
    """The sound from `start` on, its size at `field`, in `form`, with `more` counted in."""

    start: int
    field: int
    form: str
    more: int = 0


def wrong_size(path: Path) -> Sound | None:
    """The sound of a file whose header is wrong about its size; None for all others."""
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        try:
            place = _find(file)
            (stated,) = _unpack(file, place.field, place.form)
        except struct.error:  # it ends before its sound
            return None
        there = length - place.start if place.start else 0
        if there <= 0 or place.start > MOST_HEAD:
            return None
        size = stated - place.more
        unknown = size <= 0 or (size >= PLACEHOLDER and (size > there or stated == UNKNOWN_32))
        after = place.start + max(0, size)
        if size == there or (size < there and _follows(file, after, length)):
            return None
        if size < there and not unknown and _is_silent(file, after):
            return None  # filled up to a whole sector, or made larger beforehand
        head = _head(file, place, there)
    return Sound(start=place.start, size=size, there=there, head=head, unknown=unknown)


def _find(file: BinaryIO) -> _Place:
    """Raises struct.error where the file ends too early; `start` is 0 if there is no sound."""
    kind = _read(file, 0, 12)
    if kind[:4] in (b"RIFF", b"RIFX") and kind[8:] == b"WAVE":
        form = "<I" if kind[:4] == b"RIFF" else ">I"
        at = _chunk(file, b"data", 12, form)
        return _Place(at and at + 8, at + 4, form)
    if kind[:4] in (b"RF64", b"BW64"):  # its true sizes stand in ds64, which comes first
        at = _chunk(file, b"data", 12, "<I")
        return _Place(at and at + 8, 28, "<Q")
    if kind[:4] == b"FORM" and kind[8:] in (b"AIFF", b"AIFC"):
        at = _chunk(file, b"SSND", 12, ">I")
        return _Place(at and at + 16, at + 4, ">I", 8)
    if kind[:4] == b"riff":
        at = _chunk(file, b"data", 40, "<Q", name=16, counted=24, align=8)
        return _Place(at and at + 24, at + 16, "<Q", 24)
    if kind[:4] == b"caff":
        at = _chunk(file, b"data", 8, ">q", align=1)
        return _Place(at and at + 16, at + 4, ">q", 4)
    if kind[:4] == b".snd":
        return _Place(_unpack(file, 4, ">I")[0], 8, ">I")
    return _Place(0, 0, "<I")


def _chunk(
    file: BinaryIO,
    wanted: bytes,
    at: int,
    form: str,
    *,
    name: int = 4,
    counted: int = 0,
    align: int = 2,
) -> int:
    """Where the chunk `wanted` begins; 0 if there is none. `counted` is what of its own head the
    size of a chunk includes."""
    for _ in range(MOST_CHUNKS):
        if _read(file, at, 4) == wanted:
            return at
        (size,) = _unpack(file, at + name, form)
        head = name + struct.calcsize(form) - counted
        at += max(head + counted, -(-(head + size) // align) * align)
    return 0


def _follows(file: BinaryIO, at: int, length: int) -> bool:
    """Whether another chunk, or a tag, begins at `at`, or nothing that could be sound."""
    for start in (at, at + at % 2):  # some writers forget that chunks begin at even places
        begin = _read(file, start, 16)
        if length - start < 4 or begin.startswith(_KNOWN):
            return True
        name, fits = begin[:4], struct.unpack_from("<I", begin.ljust(8), 4)[0]
        fits = min(fits, struct.unpack_from(">I", begin.ljust(8), 4)[0])
        if name.isascii() and name.replace(b" ", b"").isalnum() and fits <= length - start - 8:
            return True
    return False


def _is_silent(file: BinaryIO, start: int) -> bool:
    """All of it, or what of it is worth reading."""
    file.seek(start)
    return not any(any(file.read(BLOCK)) for _ in range(MOST_SILENCE // BLOCK))


def _head(file: BinaryIO, place: _Place, there: int) -> bytes:
    """All before the sound, with the size of what is there."""
    head = bytearray(_read(file, 0, place.start))
    size = there + place.more
    if place.form == "<I" and size > UNKNOWN_32:
        return _rf64(head, there)
    most = (1 << 8 * struct.calcsize(place.form) - place.form[1].islower()) - 1
    struct.pack_into(place.form, head, place.field, min(size, most))
    return bytes(head)


def _rf64(head: bytearray, there: int) -> bytes:
    """The head of a WAV as that of an RF64, which may hold more than 4 GB."""
    before = bytes(head[12:-8])
    riff = 4 + 36 + len(before) + 8 + there
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64", UNKNOWN_32, b"WAVE"),
            struct.pack("<4sIQQQI", b"ds64", 28, riff, there, 0, 0),
            before,
            struct.pack("<4sI", b"data", UNKNOWN_32),
        )
    )


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _unpack(file: BinaryIO, at: int, form: str) -> tuple[int, ...]:
    return struct.unpack(form, _read(file, at, struct.calcsize(form)))
