"""What each kind of fault does that only a session with an instant path has."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bench.soak.inputs import DeviceInput
from bench.soak.scenario import Fault
from bench.soak.trouble import half_written, instant_trouble
from rtsep.errors import ConfigError

if TYPE_CHECKING:
    from bench.soak.studio import Studio

Course = Generator[float, None, None]


def other_path(studio: Studio, fault: Fault) -> Course:
    """And back; short of a fade it is over before it is heard. Not while a take is made."""
    before = studio.desk.path
    _choose(studio, "full" if before == "instant" else "instant")
    yield fault.seconds
    _choose(studio, before)


def _choose(studio: Studio, path: str) -> None:
    report, where = studio.checker.report, studio.checker.where
    changes = path != studio.desk.path
    refused = False
    try:
        studio.desk.set_path(path)
    except ConfigError:
        refused = True
    report.hold("the path stays in a take", refused == (changes and studio.desk.recording), where)
    if changes:
        studio.settled_at = studio.frames + studio.recovery.samples()


def instant_stall(studio: Studio, fault: Fault) -> Course:
    """It is stopped, and goes on with what it knew."""
    with instant_trouble(studio):
        studio.instant_asleep += 1
        yield fault.seconds
        studio.instant_asleep -= 1


def instant_crash(studio: Studio, fault: Fault) -> Course:
    with instant_trouble(studio):
        studio.instant = None
        yield fault.seconds
        studio.new_instant()


def crash_while_writing(studio: Studio, fault: Fault) -> Course:
    """It dies with a hop claimed and half of it written."""
    assert studio.shared.instant is not None
    with instant_trouble(studio):
        studio.instant = None
        half_written(studio.shared.instant, int(studio.rng.integers(1, 512)))
        yield fault.seconds
        studio.new_instant()


def silence(studio: Studio, fault: Fault) -> Course:
    _device(studio).gain = 0.0
    yield fault.seconds
    _device(studio).gain = 1.0


def another_song(studio: Studio, fault: Fault) -> Course:
    device = _device(studio)
    device.lose(int(fault.size))
    device.song = 1 - device.song
    yield 0.0


def _device(studio: Studio) -> DeviceInput:
    assert isinstance(studio.input, DeviceInput)
    return studio.input
