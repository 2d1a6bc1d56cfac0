"""What parent and child say to each other of the end. All of it can be pickled."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.errors import RtsepError


@dataclass(frozen=True)
class Failed:
    """The process cannot do what it was asked to. `trace` is where that was found."""

    error: RtsepError
    trace: str


@dataclass(frozen=True)
class Stop:
    """To a child: end well, and soon."""
