"""The boxes of an MP4 (ISO/IEC 14496-12), so far as libraries lose them or set them wrongly.

A box that nobody touches keeps its bytes. Knows nothing of sound, nor what is in a stem atom.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta")
_COPIED_BYTES = 1 << 20
_LARGEST_SIZE = _LARGEST_OFFSET = 0xFFFFFFFF  # of 32 bits
LONGEST_MOOV = 1 << 28  # a quarter of a gigabyte would describe days of sound


class BadBoxes(Exception):
    """A file is no MP4, or a broken one; says why, in a few words."""


@dataclass
class Box:
    """`data` without its header, or `children` where it is made of boxes; `rest` is what follows
    them, too short for one. A `wide` header has room for 64 bits."""

    kind: bytes
    data: bytes = b""
    children: list[Box] | None = None
    rest: bytes = b""
    wide: bool = False

    def packed(self) -> bytes:
        inside = self.data
        if self.children is not None:
            inside = b"".join(child.packed() for child in self.children) + self.rest
        if self.wide or len(inside) + 8 > _LARGEST_SIZE:
            return struct.pack(">I4sQ", 1, self.kind, len(inside) + 16) + inside
        return struct.pack(">I4s", len(inside) + 8, self.kind) + inside

    def all(self, *kinds: bytes) -> list[Box]:
        """Those below it on a way of such kinds."""
        found = [self]
        for kind in kinds:
            found = [child for box in found for child in box.children or () if child.kind == kind]
        return found

    def one(self, *kinds: bytes) -> Box:
        """The first of `all`. Raises BadBoxes if there is none."""
        for box in self.all(*kinds):
            return box
        raise BadBoxes(f"no {b'/'.join((self.kind, *kinds)).decode('latin-1')} in it")

    def ensured(self, kind: bytes) -> Box:
        """The child of that kind, made if there is none."""
        assert self.children is not None
        if not self.all(kind):
            self.children.append(Box(kind, children=[] if kind in _PARENTS else None))
        return self.all(kind)[0]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a box of the outermost level lies in a file."""

    kind: bytes
    start: int
    size: int
    header: int

    @property
    def stop(self) -> int:
        return self.start + self.size


def spans(file: BinaryIO) -> list[Span]:
    """All of the outermost level. Raises BadBoxes where they do not follow each other."""
    end, start, found = os.fstat(file.fileno()).st_size, 0, []
    while start < end:
        file.seek(start)
        kind, size, header = _header(file.read(16), end - start)
        if not header <= size <= end - start:
            raise BadBoxes(f"its box at byte {start} is cut short, or is none")
        found.append(Span(kind=kind, start=start, size=size, header=header))
        start += size
    return found


def read_moov(path: Path) -> Box:
    """What describes the tracks. Raises BadBoxes, OSError."""
    with path.open("rb") as file:
        return _moov(file, spans(file))


def rewrite(source: Path, target: Path, edit: Callable[[Box], None]) -> None:
    """The same file with another `moov`, which then comes before the sound, as decks like it.

    Constant memory, whatever the sound. Raises BadBoxes, OSError.
    """
    with source.open("rb") as file:
        there = spans(file)
        moov = _moov(file, there)
        edit(moov)
        others = [span for span in there if span.kind != b"moov"]
        first = next((at for at, span in enumerate(others, 1) if span.kind == b"ftyp"), 0)
        before, after = others[:first], others[first:]
        _settle_offsets(moov, before, after)
        with target.open("wb") as out:
            _copy(file, out, before)
            out.write(moov.packed())
            _copy(file, out, after)


def parsed(data: bytes) -> list[Box]:
    """Boxes that follow each other. Raises BadBoxes."""
    boxes, rest = _children(data)
    if rest:
        raise BadBoxes(f"{len(rest)} bytes behind its last box")
    return boxes


def _header(data: bytes, left: int) -> tuple[bytes, int, int]:
    """Kind, size and length of the header; a size of 0 means all that is left."""
    if len(data) < 8:
        raise BadBoxes("its last box is cut short")
    size, kind = struct.unpack_from(">I4s", data)
    if size == 1 and len(data) >= 16:
        return kind, struct.unpack_from(">Q", data, 8)[0], 16
    return kind, size or left, 8


def _children(data: bytes) -> tuple[list[Box], bytes]:
    boxes, at = [], 0
    while len(data) - at >= 8:
        kind, size, header = _header(data[at : at + 16], len(data) - at)
        if not header <= size <= len(data) - at:
            raise BadBoxes(f"its box {kind.decode('latin-1')} is cut short, or is none")
        inside = data[at + header : at + size]
        box = Box(kind, inside, wide=header == 16)
        if kind in _PARENTS:
            box.data = b""
            box.children, box.rest = _children(inside)
        boxes.append(box)
        at += size
    return boxes, data[at:]


def _moov(file: BinaryIO, there: Iterable[Span]) -> Box:
    found = [span for span in there if span.kind == b"moov"]
    if len(found) != 1:
        raise BadBoxes("no MP4, or one without a list of its tracks" if not found else "two moov")
    if found[0].size > LONGEST_MOOV:
        raise BadBoxes(f"its list of tracks would have {found[0].size} bytes")
    if any(span.kind == b"moof" for span in there):
        raise BadBoxes("it is in fragments, of which nobody knows where they lie")
    file.seek(found[0].start)
    try:
        return parsed(file.read(found[0].size))[0]
    except RecursionError as error:
        raise BadBoxes("its boxes lie in each other without end") from error


@dataclass
class _Move:
    """Where spans lie after a `moov` of some size."""

    starts: dict[Span, int] = field(default_factory=dict)

    def __call__(self, offset: int) -> int:
        for span, start in self.starts.items():
            if span.start <= offset < span.stop:
                return offset - span.start + start
        raise BadBoxes(f"a piece of sound at byte {offset}, where there is none")


def _settle_offsets(moov: Box, before: list[Span], after: list[Span]) -> None:
    """Let the places of the sound be those that it has behind this `moov`."""
    tables = moov.all(b"trak", b"mdia", b"minf", b"stbl")
    old = {id(table): _offsets(table) for table in tables}
    wide = any(table.all(b"co64") for table in tables)
    while True:
        for table in tables:  # first for its size
            _set_offsets(table, old[id(table)], wide=wide)
        move, at = _Move(), 0
        for span in before:
            move.starts[span], at = at, at + span.size
        at += len(moov.packed())
        for span in after:
            move.starts[span], at = at, at + span.size
        if at <= _LARGEST_OFFSET or wide:
            break
        wide = True
    for table in tables:
        _set_offsets(table, [move(offset) for offset in old[id(table)]], wide=wide)


def _offsets(table: Box) -> list[int]:
    for kind, form in ((b"stco", "I"), (b"co64", "Q")):
        for box in table.all(kind):
            (count,) = struct.unpack_from(">I", box.data, 4)
            if 8 + count * struct.calcsize(form) > len(box.data):
                raise BadBoxes(f"its {kind.decode()} is cut short")
            return list(struct.unpack_from(f">{count}{form}", box.data, 8))
    raise BadBoxes("a track does not say where it lies")


def _set_offsets(table: Box, offsets: list[int], *, wide: bool) -> None:
    box = next(iter(table.all(b"stco") or table.all(b"co64")))
    box.kind = b"co64" if wide else b"stco"
    form = f">{len(offsets)}{'Q' if wide else 'I'}"
    small = offsets if wide else [min(offset, _LARGEST_OFFSET) for offset in offsets]
    box.data = struct.pack(">II", 0, len(offsets)) + struct.pack(form, *small)


def _copy(file: BinaryIO, out: BinaryIO, pieces: Iterable[Span]) -> None:
    for span in pieces:
        file.seek(span.start)
        for part in _parts(span.size):
            out.write(file.read(part))


def _parts(size: int) -> Iterator[int]:
    while size:
        part = min(size, _COPIED_BYTES)
        yield part
        size -= part
