"""Play, pause, jumps, loop and speed as hands move them. What they do is a player's business."""

from __future__ import annotations

from typing import Protocol

from rtsep.errors import ConfigError
from rtsep.status import TransportStatus

SLOWEST, FASTEST = 0.5, 1.5
NONE = "a live input has no transport; play a file, a folder or a playlist to pause and jump"


class Transport(Protocol):
    """Any thread may call. Raises ConfigError for what cannot be."""

    @property
    def status(self) -> TransportStatus: ...

    def play(self, on: bool) -> None:
        """Go on, or stand still: then no time passes, for nobody in the session."""

    def seek(self, seconds: float) -> None:
        """To that time of the song."""

    def seek_part(self, part: float) -> None:
        """0 is the beginning of the song, 1 its end."""

    def skip(self, seconds: float) -> None:
        """By so much, back where it is negative, in time: as if it had been there all along."""

    def loop(self, on: bool) -> None:
        """Over and over between the points; without any, the whole song."""

    def loop_in(self) -> None:
        """What is heard now is where a loop shall begin; it has no end yet."""

    def loop_out(self) -> None:
        """What is heard now is where the loop ends, which begins to turn."""

    def set_speed(self, speed: float) -> None:
        """1 is as recorded; the pitch stays."""

    def step(self, by: int) -> None:
        """1 is the next song, -1 the beginning of this one, or right there the song before."""


class Transported:
    """A desk that may have one."""

    _transport: Transport | None = None

    def connect(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def has_transport(self) -> bool:
        return self._transport is not None

    @property
    def transport(self) -> Transport:
        """Raises ConfigError where the input is no file."""
        if self._transport is None:
            raise ConfigError(NONE)
        return self._transport
