"""The transport in words: `play`, `seek:-5`, `loop-in`, `speed`.

A desk without one, which hears a device, says that nothing plays, and refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from rtsep.control.verbs import FADER, SWITCH, TRIGGER, Verb, nothing
from rtsep.mixer.desk import Desk
from rtsep.mixer.transport import FASTEST, SLOWEST
from rtsep.status import TransportStatus

SKIPS = ("-30", "-5", "+5", "+30")  # seconds
SPEED_STEP = 0.05


def nudged(speed: float, by: float) -> float:
    """A step slower or faster, on whole steps and at the ends at most."""
    return min(max(round((speed + by) / SPEED_STEP) * SPEED_STEP, SLOWEST), FASTEST)


def _of(status: Callable[[TransportStatus], float], otherwise: float) -> Callable[[Desk], float]:
    """What a transport says; where there is none, something else."""

    def get(desk: Desk) -> float:
        return status(desk.transport.status) if desk.has_transport else otherwise

    return get


def _nudge(desk: Desk, by: float) -> None:
    desk.transport.set_speed(nudged(desk.transport.status.speed, by))


TRANSPORT: dict[str, Verb] = {
    "play": Verb(
        SWITCH,
        None,
        "play a file, or pause it",
        _of(lambda status: status.playing, 0.0),
        lambda desk, on: desk.transport.play(on),
    ),
    "seek": Verb(
        TRIGGER,
        "seconds",
        "jump by so many seconds",
        nothing,
        lambda desk, seconds, on: desk.transport.skip(float(seconds)),
        SKIPS,
    ),
    "position": Verb(
        FADER,
        None,
        "where in the song: its beginning to its end",
        _of(lambda status: status.position / (status.length or 1.0), 0.0),
        lambda desk, part: desk.transport.seek_part(part),
        rest=0.0,
    ),
    "loop": Verb(
        SWITCH,
        None,
        "over and over between the points, or the whole song",
        _of(lambda status: status.looping, 0.0),
        lambda desk, on: desk.transport.loop(on),
    ),
    "loop-in": Verb(
        TRIGGER,
        None,
        "the loop begins here",
        nothing,
        lambda desk, on: desk.transport.loop_in(),
    ),
    "loop-out": Verb(
        TRIGGER,
        None,
        "the loop ends here, and turns",
        nothing,
        lambda desk, on: desk.transport.loop_out(),
    ),
    "speed": Verb(
        FADER,
        None,
        "how fast, half to one and a half; the pitch stays",
        _of(lambda status: (status.speed - SLOWEST) / (FASTEST - SLOWEST), 0.5),
        lambda desk, travel: desk.transport.set_speed(SLOWEST + travel * (FASTEST - SLOWEST)),
        rest=0.5,
    ),
    "slower": Verb(
        TRIGGER, None, "5 % slower", nothing, lambda desk, on: _nudge(desk, -SPEED_STEP)
    ),
    "faster": Verb(TRIGGER, None, "5 % faster", nothing, lambda desk, on: _nudge(desk, SPEED_STEP)),
    "previous": Verb(
        TRIGGER,
        None,
        "the beginning of the song, or right there the song before",
        nothing,
        lambda desk, on: desk.transport.step(-1),
    ),
    "next": Verb(TRIGGER, None, "the next song", nothing, lambda desk, on: desk.transport.step(1)),
}
