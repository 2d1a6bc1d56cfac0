"""MIDI messages as events, and events as bytes. Knows nothing of ports or of what events mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

CC, NOTE, PITCH, PROGRAM = "cc", "note", "pitch", "program"
TYPES = (CC, NOTE, PITCH, PROGRAM)  # that can be bound
PRESSURE, KEY_PRESSURE = "pressure", "key pressure"  # aftertouch of a channel, and of one key

MAX_7BIT, MAX_14BIT = 127, 16383
LSB = 32  # controller n, up to 31, has its fine half in controller n + 32 by the standard
MIDDLE = 64

_NOTE_OFF, _NOTE_ON, _CC, _PROGRAM, _PITCH = 0x80, 0x90, 0xB0, 0xC0, 0xE0
_PRESSURE, _KEY_PRESSURE = 0xD0, 0xA0


@dataclass(frozen=True)
class Event:
    """One message of a controller: which control, and its value."""

    type: str  # one of TYPES, or a pressure
    channel: int  # 1 to 16
    number: int  # controller, note or program; 0 for what a channel has one of
    value: int  # 0 to 127, 0 to 16383 for the pitch wheel; a note is its velocity, 0 when released

    @property
    def pressed(self) -> bool:
        """Whether a button that sends this is down. Controllers are on from 64, notes from 1."""
        return self.value > (63 if self.type == CC else 0) or self.type == PROGRAM

    def __str__(self) -> str:
        if self.type == PITCH:
            return f"channel {self.channel} pitch value {self.value}"
        if self.type == PRESSURE:
            return f"channel {self.channel} pressure value {self.value}"
        if self.type == PROGRAM:
            return f"channel {self.channel} program {self.number}"
        return f"channel {self.channel} {self.type} {self.number} value {self.value}"


def parse(message: Sequence[int]) -> Event | None:
    """The event that the bytes of one message are; None for all else, however broken it is.

    Of no interest are system messages: clock, active sensing, exclusive.
    """
    if len(message) not in (2, 3) or not 0x80 <= message[0] <= 0xEF:
        return None
    if any(not 0 <= byte <= 127 for byte in message[1:]):
        return None
    status, channel, first = message[0] & 0xF0, (message[0] & 0x0F) + 1, message[1]
    if len(message) == 2:
        if status == _PRESSURE:
            return Event(PRESSURE, channel, 0, first)
        return Event(PROGRAM, channel, first, MAX_7BIT) if status == _PROGRAM else None
    second = message[2]
    if status == _CC:
        return Event(CC, channel, first, second)
    if status == _NOTE_ON:
        return Event(NOTE, channel, first, second)
    if status == _NOTE_OFF:  # its velocity tells how fast, not how far
        return Event(NOTE, channel, first, 0)
    if status == _PITCH:
        return Event(PITCH, channel, 0, second << 7 | first)
    return Event(KEY_PRESSURE, channel, first, second) if status == _KEY_PRESSURE else None


def encode(event: Event) -> list[int]:
    """The bytes of an event; a note of value 0 is a note on without velocity."""
    low = event.channel - 1
    if event.type == PITCH:
        return [_PITCH | low, event.value & 127, event.value >> 7]
    if event.type == PROGRAM:
        return [_PROGRAM | low, event.number]
    if event.type == PRESSURE:
        return [_PRESSURE | low, event.value]
    status = {CC: _CC, NOTE: _NOTE_ON, KEY_PRESSURE: _KEY_PRESSURE}[event.type]
    return [status | low, event.number, event.value]


def _twos_complement(value: int) -> int:
    return value - 128 if value >= 64 else value


def _binary_offset(value: int) -> int:
    return value - MIDDLE


def _sign_magnitude(value: int) -> int:
    return 64 - value if value >= 64 else value


OFFSET = "relativebo"  # in a map, around any centre

# How an endless encoder writes by how many clicks it was turned, clockwise positive.
RELATIVE: dict[str, Callable[[int], int]] = {
    "relative2c": _twos_complement,  # 1, 2 ... | 127, 126 ...
    OFFSET: _binary_offset,  # 65, 66 ... | 63, 62 ...
    "relativesm": _sign_magnitude,  # 1, 2 ... | 65, 66 ...
}
