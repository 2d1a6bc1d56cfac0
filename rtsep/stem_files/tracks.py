"""Tracks of sound in an MP4: who plays them, and how long they are. Knows nothing of stems."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rtsep.stem_files.boxes import BadBoxes, Box

_ENABLED = 1
# Of a tkhd, by its version: where the number of its group of alternatives lies.
_GROUP_AT = {0: 34, 1: 46}


@dataclass(frozen=True, kw_only=True)
class Track:
    """`samples` at `rate`, without what its encoder put before them."""

    samples: int
    rate: int
    enabled: bool


def sound_tracks(moov: Box) -> list[Box]:
    """In the order of the file. Raises BadBoxes."""
    return [trak for trak in moov.all(b"trak") if trak.one(b"mdia", b"hdlr").data[8:12] == b"soun"]


def described(trak: Box) -> Track:
    """Raises BadBoxes."""
    try:
        rate = _rate(trak.one(b"mdia", b"mdhd").data)
        length = _length(trak.one(b"mdia", b"minf", b"stbl", b"stts").data)
        return Track(
            samples=length - sum(_before(elst.data) for elst in trak.all(b"edts", b"elst")),
            rate=rate,
            enabled=bool(trak.one(b"tkhd").data[3] & _ENABLED),
        )
    except (struct.error, IndexError) as error:
        raise BadBoxes("a track is described by too few bytes") from error


def enable(trak: Box, *, enabled: bool) -> None:
    """Whether ordinary players play it; of none it is an alternative."""
    tkhd = trak.one(b"tkhd")
    data = bytearray(tkhd.data)
    data[1:4] = bytes((0, 0, _ENABLED if enabled else 0))
    struct.pack_into(">H", data, _GROUP_AT[1 if data[0] else 0], 0)
    tkhd.data = bytes(data)


def _rate(mdhd: bytes) -> int:
    return int(struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)[0])


def _length(stts: bytes) -> int:
    (count,) = struct.unpack_from(">I", stts, 4)
    pairs = struct.unpack_from(f">{2 * count}I", stts, 8)
    return sum(number * delta for number, delta in zip(pairs[::2], pairs[1::2], strict=True))


def _before(elst: bytes) -> int:
    """Samples that an edit leaves out at the beginning."""
    (count,) = struct.unpack_from(">I", elst, 4)
    form = ">Qq4x" if elst[0] else ">Ii4x"
    times = [struct.unpack_from(form, elst, 8 + 20 * n if elst[0] else 8 + 12 * n)[1]
             for n in range(count)]  # fmt: skip
    return max(next((time for time in times if time >= 0), 0), 0)
