"""What decoders of audio files have in common, and what they say of damage in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.layouts import Layout

# The file is always decoded in chunks of this many frames, whatever the caller asks for: so the
# caller's block size cannot change a bit of the result, and a damaged chunk costs little audio.
CHUNK_FRAMES = 8192


class Unreadable(Exception):
    """A decoder cannot read a file; says why, in a few words."""


class OfAnother(Unreadable):
    """A decoder leaves a file to the next one; nobody has to be told."""


@dataclass(frozen=True)
class Chunk:
    """Sound (frames, channels) at `rate`; `layout` names the channels, empty where nobody knows."""

    sound: NDArray[np.float32]
    rate: int
    layout: Layout = ()


class Decoder(Protocol):
    """A file from its first frame to its last. Rate and channels may change on the way."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the file, complete after the last chunk."""
        ...

    def chunk(self) -> Chunk | None:
        """The next sound, None at the end, or where damage begins."""
        ...

    def frames_left(self) -> int:
        """How many come after those that were taken, perhaps only roughly."""
        ...

    def close(self) -> None: ...


def cut_short(got: int, promised: int, rate: int) -> str:
    """In tenths of a second, unless less than that is missing."""
    digits = 1 if promised - got > rate / 5 else 3
    seconds = f"{got / rate:.{digits}f} s of {promised / rate:.{digits}f} s"
    return f"damaged or cut short: {seconds} could be read"


def longer_than_counted(counted: float, seconds: float) -> str:
    return (
        f"its header counts {counted:.1f} s, but there are {seconds:.1f} s: read to the end of the "
        "file"
    )


def complaint_note(complaint: str) -> str:
    return f"perhaps damaged; its decoder says: {complaint}"
