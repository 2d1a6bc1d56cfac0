"""How long an MP3 says that it is. Many do not say it. Decodes nothing."""

from __future__ import annotations

import struct

LONGEST_FRAME = 2881  # bytes
_XING_AT = (36, 21, 13)  # in a frame of MPEG-1 stereo, of MPEG-1 mono or MPEG-2 stereo, of the rest
_VBRI_AT, _VBRI_FRAMES = 36, 14
_HAS_FRAMES = 1
_MPEG_1 = 3


def counted_samples(before: bytes) -> int | None:
    """From the bytes that come before the first frame with sound: what the tag of the encoder
    (Xing, Info or VBRI) counts, its delay and padding included."""
    for at in range(max(0, len(before) - LONGEST_FRAME), len(before) - 4):
        if before[at] != 0xFF or before[at + 1] & 0xE6 != 0xE2:  # layer III
            continue
        frames = _xing(before[at:]) or _vbri(before[at:])
        if frames:
            return frames * (1152 if before[at + 1] >> 3 & 3 == _MPEG_1 else 576)
    return None


def _xing(frame: bytes) -> int | None:
    for at in _XING_AT:
        if frame[at : at + 4] in (b"Xing", b"Info") and len(frame) >= at + 12:
            flags, frames = struct.unpack_from(">II", frame, at + 4)
            return int(frames) if flags & _HAS_FRAMES else None
    return None


def _vbri(frame: bytes) -> int | None:
    if frame[_VBRI_AT : _VBRI_AT + 4] == b"VBRI" and len(frame) >= _VBRI_AT + _VBRI_FRAMES + 4:
        return int(struct.unpack_from(">I", frame, _VBRI_AT + _VBRI_FRAMES)[0])
    return None
