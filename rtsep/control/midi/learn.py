"""From the messages of a control that somebody moves to the binding that fits it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from rtsep.control.actions import FADER, Action
from rtsep.control.midi import maps
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import CC, LSB, NOTE, PITCH, PROGRAM, RELATIVE, Event

QUIET_S = 0.5  # so long nothing comes when somebody has finished moving a control
FEWEST_MOVES = 4  # messages by which a fader or an encoder can be told from a button

Address = tuple[str, int, int]  # type, channel, number


class Gesture:
    """What came while one action was asked for. Of several controls the busiest is meant."""

    def __init__(self, action: Action, known: Collection[Address] = ()) -> None:
        """`known` are the controls that were learned before: their echoes do not count."""
        self._action = action
        self._known = known
        self._values: dict[Address, list[int]] = defaultdict(list)
        self._last = 0.0

    def add(self, event: Event, now: float) -> None:
        address = event.type, event.channel, event.number
        if address not in self._known:
            self._values[address].append(event.value)
            self._last = now

    def binding(self, now: float) -> Binding | None:
        """The binding, once the control is at rest and fits the action; None until then."""
        if not self._values or now < self._last + QUIET_S:
            return None
        found = self._fader() if self._action.kind == FADER else self._button()
        if found is None:  # a knob for a switch, or too little to tell
            self._values.clear()
        return found

    def _button(self) -> Binding | None:
        for address, values in self._busiest():
            kind, _, _ = address
            if kind in (NOTE, PROGRAM) or (kind == CC and len({0, *values}) <= 2):
                mode = maps.TOGGLE if self._action.kind != "trigger" else maps.TRIGGER
                if set(values) == {0} and mode == maps.TOGGLE:
                    mode = maps.MOMENTARY  # it was on before: this button stays where it is put
                return self._bound(address, mode)
        return None

    def _fader(self) -> Binding | None:
        for address, values in self._busiest():
            kind, channel, number = address
            if kind == PITCH:
                return self._bound(address, maps.ABSOLUTE)
            if kind != CC or len(values) < FEWEST_MOVES:
                continue
            if number >= LSB and len(self._values.get((CC, channel, number - LSB), ())) > 1:
                address = CC, channel, number - LSB  # this is its fine half, which moves more
                return self._bound(address, maps.FINE)
            if len(self._values.get((CC, channel, number + LSB), ())) > 1:
                return self._bound(address, maps.FINE)
            mode = relative_mode(values) or maps.ABSOLUTE
            if mode != maps.ABSOLUTE or len(set(values)) >= FEWEST_MOVES:
                return self._bound(address, mode)
        return None

    def _busiest(self) -> list[tuple[Address, list[int]]]:
        return sorted(self._values.items(), key=lambda item: len(item[1]), reverse=True)

    def _bound(self, address: Address, mode: str) -> Binding:
        kind, channel, number = address
        return Binding(type=kind, channel=channel, number=number, action=self._action, mode=mode)


def relative_mode(values: Sequence[int]) -> str | None:
    """How an endless encoder that sent these counts its clicks; None if this is no encoder.

    An encoder sends the same few values again and again, near where its way of writing has its
    zero, while a fader never stands still between two messages.
    """
    repeats = sum(one == other for one, other in zip(values, values[1:], strict=False))
    if repeats < len(values) / 3:
        return None
    # Turned both ways the values tell; turned clockwise only, the first that makes it clockwise.
    likely = {
        mode: [decode(value) for value in values]
        for mode, decode in RELATIVE.items()
        if all(0 < abs(decode(value)) <= 24 for value in values)
    }
    return max(likely, key=lambda mode: likely[mode][0] > 0, default=None)


def addresses(binding: Binding) -> set[Address]:
    """The messages that belong to a control."""
    first = binding.type, binding.channel, binding.number
    if binding.mode != maps.FINE:
        return {first}
    return {first, (binding.type, binding.channel, binding.number + LSB)}


def learned(base: DeviceMap, bindings: Sequence[Binding]) -> DeviceMap:
    """A map with new bindings. What was bound to these controls or did these actions is gone."""
    controls = {(binding.type, binding.channel, binding.number) for binding in bindings}
    actions = {binding.action for binding in bindings}
    kept = tuple(
        binding
        for binding in base.bindings
        if binding.action not in actions
        and (binding.type, binding.channel, binding.number) not in controls
    )
    return replace(base, bindings=(*bindings, *kept))
