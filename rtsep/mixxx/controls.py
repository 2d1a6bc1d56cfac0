"""One control of Mixxx as a control of ours: its message and its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtsep.control.actions import Action
from rtsep.control.midi.maps import ABSOLUTE, FINE, MOMENTARY, TOGGLE, TRIGGER, Binding
from rtsep.control.midi.messages import CC, LSB, MAX_7BIT, NOTE, OFFSET, PITCH
from rtsep.control.verbs import FADER, SWITCH
from rtsep.mixxx.mapping import MixxxControl

MSB_HALF, LSB_HALF = "fourteen-bit-msb", "fourteen-bit-lsb"
NOTE_OFF = 0x80
_TYPES = {NOTE_OFF: NOTE, 0x90: NOTE, 0xB0: CC, 0xE0: PITCH}
_CLICK = 1 / MAX_7BIT  # of the way, in Mixxx
# Endless encoders: how they write clicks, and how far one click goes.
_ENCODERS: Mapping[str, Mapping[str, Any]] = {
    "rot64": {"mode": OFFSET, "step": _CLICK},
    "rot64inv": {"mode": OFFSET, "step": _CLICK, "invert": True},
    "rot64fast": {"mode": OFFSET, "step": 1.5 * _CLICK},
    "diff": {"mode": "relative2c", "step": _CLICK},
    "hercjog": {"mode": "relative2c", "step": _CLICK},
    "hercjogfast": {"mode": "relative2c", "step": 3 * _CLICK},
}
_BUTTONS = {"button", "switch"}
_NO_POSITIONS = {*_BUTTONS, "spread64", "selectknob"}
_HARMLESS = {*_BUTTONS, "normal", "soft-takeover"}


def message_of(control: MixxxControl) -> tuple[str, int, int] | None:
    """Type, channel and number; None for what cannot be bound."""
    if control.status is None or not 0x80 <= control.status <= 0xFF:
        return None
    kind, number = _TYPES.get(control.status & 0xF0), control.number
    if kind == PITCH:
        number = 0
    if kind is None or number is None or number > MAX_7BIT:
        return None
    return kind, (control.status & 0x0F) + 1, number


def bound(
    control: MixxxControl, action: Action, *, fine: MixxxControl | None, rests: bool
) -> Binding | None:
    """The control that does an action; None where message or options do not go with it. `fine` is
    its other half, and `rests` whether it is a button that puts a fader where it does nothing."""
    message = message_of(control)
    if message is None:
        return None
    kind, channel, number = message
    if action.kind == FADER and not rests:
        how = _halves(control, fine) if control.options & {MSB_HALF} else _position(control, kind)
    else:
        how = _button(control, kind, action)
    if how is None:
        return None
    return Binding(type=kind, channel=channel, number=number, action=action, **how)


def _halves(control: MixxxControl, fine: MixxxControl | None) -> dict[str, Any] | None:
    """Mixxx passes over other options here, and of a pitch bend."""
    if fine is None or control.number is None or fine.number in (None, control.number):
        return None
    standard = fine.number == control.number + LSB and control.number < LSB
    return {"mode": FINE, "fine": None if standard else fine.number}


def _position(control: MixxxControl, kind: str) -> Mapping[str, Any] | None:
    if kind == PITCH:
        return {"mode": ABSOLUTE}
    if kind == NOTE:
        return None
    if "invert" in control.options:
        return {"mode": ABSOLUTE, "invert": True}
    for option, how in _ENCODERS.items():
        if option in control.options:
            return how
    return None if control.options & _NO_POSITIONS else {"mode": ABSOLUTE}


def _button(control: MixxxControl, kind: str, action: Action) -> dict[str, Any] | None:
    """What Mixxx calls a switch stays where it is put: it is on while it says so."""
    if kind == PITCH or control.options - _HARMLESS:
        return None
    if action.kind != SWITCH:
        return {"mode": TRIGGER}
    return {"mode": MOMENTARY if "switch" in control.options else TOGGLE}
