"""A transport that notes what it is told, beside a desk, without any sound."""

from __future__ import annotations

from dataclasses import replace

from live_status import a_desk

from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk
from rtsep.status import TransportStatus

STATUS = TransportStatus(
    playing=True, title="Night Drive", song=2, songs=3, position=83.0, length=245.0, looping=False,
    loop_in=0.0, loop_out=245.0, speed=1.0,
)  # fmt: skip


class FakeTransport:
    """Everything is done at once."""

    def __init__(self, desk: Desk) -> None:
        self.status = STATUS
        self._desk = desk

    def _now(self, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self._desk.note_change()

    def play(self, on: bool) -> None:
        self._now(playing=on)

    def seek(self, seconds: float) -> None:
        self._now(position=seconds)

    def seek_part(self, part: float) -> None:
        self._now(position=part * self.status.length)

    def skip(self, seconds: float) -> None:
        self._now(position=self.status.position + seconds)

    def loop(self, on: bool) -> None:
        self._now(looping=on)

    def loop_in(self) -> None:
        self._now(loop_in=self.status.position, loop_out=self.status.length, looping=False)

    def loop_out(self) -> None:
        self._now(loop_out=self.status.position, looping=True)

    def set_speed(self, speed: float) -> None:
        if not 0.5 <= speed <= 1.5:
            raise ConfigError(f"no speed {speed}")
        self._now(speed=speed)

    def step(self, by: int) -> None:
        song = self.status.song + by
        if not 1 <= song <= self.status.songs:
            raise ConfigError("this is the last song")
        self._now(song=song, position=0.0)


def a_player(stems: int = 4) -> tuple[Desk, FakeTransport]:
    desk = a_desk(stems)
    transport = FakeTransport(desk)
    desk.connect(transport)
    return desk, transport
