"""A map: which message of a device does what, and which message lights its lamps."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from rtsep.control.actions import Action
from rtsep.control.midi.messages import (
    CC,
    LSB,
    MAX_7BIT,
    MAX_14BIT,
    MIDDLE,
    OFFSET,
    PITCH,
    RELATIVE,
    Event,
)
from rtsep.names import steady

ABSOLUTE, FINE, TOGGLE, MOMENTARY, TRIGGER = "absolute", "14bit", "toggle", "momentary", "trigger"
MODES = (ABSOLUTE, FINE, *RELATIVE, TOGGLE, MOMENTARY, TRIGGER)

ANY_CHANNEL = 0


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """The message that shows a state: a lamp, a ring of lamps, a motor fader."""

    type: str  # "cc", "note" or "pitch"
    channel: int
    number: int
    off: int = 0  # value of a lamp that is off, or of a fader at the bottom
    on: int = MAX_7BIT  # value of a lamp that is on, or of a fader at the top
    fine: bool = False  # in two controllers, `number` and `number` + 32

    def events(self, travel: float) -> list[Event]:
        """What to send for a fader's travel from 0 to 1; a switch has only these two."""
        value = round(self.off + (self.on - self.off) * travel)
        if not self.fine:
            return [Event(self.type, self.channel, self.number, value)]
        return [
            Event(CC, self.channel, self.number, value >> 7),
            Event(CC, self.channel, self.number + LSB, value & 127),
        ]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One control of a device, and the action it does."""

    type: str  # one of messages.TYPES
    number: int
    channel: int  # 1 to 16, or ANY_CHANNEL
    action: Action
    mode: str  # one of MODES
    feedback: Feedback | None = None
    takeover: bool | None = None  # None: where the control cannot be moved by feedback
    step: float = 0.01  # travel per click of an endless encoder
    centre: int = MIDDLE  # the value of no click, where clicks are written as a distance from it
    fine: int | None = None  # the controller of the fine half, if that is not the standard's
    invert: bool = False  # whether a fader is at its top where the value is least

    @property
    def moves(self) -> bool:
        """Whether this is a fader or an encoder, not a button."""
        return self.mode in (ABSOLUTE, FINE) or self.mode in RELATIVE

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers its messages have: two for a control in two halves."""
        return (self.number, self.fine_number) if self.mode == FINE else (self.number,)

    @property
    def fine_number(self) -> int:
        """Of a control in two halves."""
        return self.number + LSB if self.fine is None else self.fine

    def clicks(self, value: int) -> int:
        """By how many an endless encoder was turned, clockwise positive."""
        clicks = value - self.centre if self.mode == OFFSET else RELATIVE[self.mode](value)
        return -clicks if self.invert else clicks

    def travel(self, value: int) -> float:
        """Where a control stands that stands somewhere, from 0 to 1."""
        return (self.top - value if self.invert else value) / self.top

    def means(self, event: Event) -> bool:
        """Whether this is what an event does."""
        ours = self.channel in (ANY_CHANNEL, event.channel)
        return ours and event.type == self.type and event.number in self.numbers

    @property
    def top(self) -> int:
        """The highest value of a control that stands somewhere."""
        return MAX_14BIT if self.mode == FINE or self.type == PITCH else MAX_7BIT


@dataclass(frozen=True, kw_only=True)
class DeviceMap:
    """What a device's controls do. `match` are parts of the names its ports may have; `not_for` are
    parts of names of others, which speak another protocol."""

    name: str
    match: tuple[str, ...]
    bindings: tuple[Binding, ...]
    on_connect: tuple[bytes, ...] = field(default=())  # exclusive messages, sent once
    not_for: tuple[str, ...] = field(default=())

    def fit(self, port: str) -> int:
        """How closely the map fits a port, 0 if not at all: the more letters of its name a pattern
        has, and in whole words, the closer. Case does not matter; * and ? stand for any letters
        and any one."""
        if self.excludes(port):
            return 0
        return max((_closeness(part, port) for part in self.match), default=0)

    def excludes(self, port: str) -> bool:
        """Whether the map would fit, but is not for this device."""
        return any(matches(part, port) for part in self.not_for) and any(
            matches(part, port) for part in self.match
        )


def matches(part: str, port: str) -> bool:
    """Whether a port's name, with its numbers or without, has a part, with * and ?, in any case."""
    pattern = part.lower().replace("[", "[[]")
    return any(fnmatchcase(name.lower(), f"*{pattern}*") for name in (port, steady(port)))


def _closeness(part: str, port: str) -> int:
    if not matches(part, port):
        return 0
    letters = len(part) - part.count("*") - part.count("?")
    return 1 + 2 * letters + any(_in_words(part, name) for name in (port, steady(port)))


def _in_words(part: str, name: str) -> bool:
    """Whether a part stands in a name as whole words."""
    before, found, behind = name.lower().partition(part.lower())
    return bool(found) and not before[-1:].isalnum() and not behind[:1].isalnum()
