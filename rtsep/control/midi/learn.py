"""From the messages of a control that somebody moves to the binding that fits it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from rtsep.control.actions import FADER, TRIGGER, Action
from rtsep.control.midi import maps
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import CC, LSB, NOTE, PITCH, PROGRAM, RELATIVE, Event

QUIET_S = 0.5  # so long nothing comes when somebody has finished moving a control
MOST_CLICKS = 24  # in one message of an encoder that is turned fast
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

    def finished(self, now: float) -> bool:
        """Whether something was moved and is at rest again."""
        return bool(self._values) and now >= self._last + QUIET_S

    def binding(self) -> Binding | None:
        """The binding for what was moved; None, and all is forgotten, if that does not fit the
        action: a button for a fader, a knob for a switch, or too little to tell."""
        found = self._fader() if self._action.kind == FADER else self._button()
        if found is None:
            self._values.clear()
        return found

    def _button(self) -> Binding | None:
        for address, values in self._busiest():
            if not _like_a_button(address, values):
                continue
            if self._action.kind == TRIGGER:
                return self._bound(address, maps.TRIGGER)
            # Where it only went off it was on before: this button stays where it is put.
            stays = set(values) == {0}
            return self._bound(address, maps.MOMENTARY if stays else maps.TOGGLE)
        return None

    def _fader(self) -> Binding | None:
        for address, values in self._busiest():
            kind, channel, number = address
            if kind == PITCH:
                return self._bound(address, maps.ABSOLUTE)
            if kind != CC or len(values) < FEWEST_MOVES:
                continue
            coarse = number % LSB if number < 2 * LSB else number  # a fine half moves more
            if all(len(self._values.get((CC, channel, half), ())) > 1 for half in _halves(coarse)):
                return self._bound((CC, channel, coarse), maps.FINE)
            mode = relative_mode(values)
            if mode is not None or len(set(values)) >= FEWEST_MOVES:
                return self._bound(address, mode or maps.ABSOLUTE)
        return None

    def _busiest(self) -> list[tuple[Address, list[int]]]:
        return sorted(self._values.items(), key=lambda item: len(item[1]), reverse=True)

    def _bound(self, address: Address, mode: str) -> Binding:
        kind, channel, number = address
        return Binding(type=kind, channel=channel, number=number, action=self._action, mode=mode)


def _like_a_button(address: Address, values: Sequence[int]) -> bool:
    """Whether there is nothing but on and off; of a note, on has many values."""
    if address[0] != CC:
        return address[0] in (NOTE, PROGRAM)
    return len({0, *values}) <= 2 and max(values) in (0, *range(64, 128))


def relative_mode(values: Sequence[int]) -> str | None:
    """How an endless encoder that sent these counts its clicks; None if this is no encoder.

    An encoder repeats itself, and stays near where its way of writing has its zero. A fader never
    sends the same value twice running.
    """
    if not any(one == other for one, other in pairwise(values)):
        return None
    turned = {mode: [decode(value) for value in values] for mode, decode in RELATIVE.items()}
    likely = [
        mode
        for mode, clicks in turned.items()
        if all(0 < abs(click) <= MOST_CLICKS for click in clicks)
    ]
    # Turned one way only, several fit. People turn clockwise first.
    return max(likely, key=lambda mode: turned[mode][0] > 0, default=None)


def addresses(binding: Binding) -> list[Address]:
    """The messages that belong to a control."""
    return [(binding.type, binding.channel, number) for number in binding.numbers]


def _halves(coarse: int) -> tuple[int, int]:
    return coarse, coarse + LSB


def learned(base: DeviceMap, bindings: Sequence[Binding]) -> DeviceMap:
    """A map with new bindings. What did these actions, or was bound to these controls, is gone."""
    actions = {binding.action for binding in bindings}
    taken = {address for binding in bindings for address in addresses(binding)}
    kept = [
        binding
        for binding in base.bindings
        if binding.action not in actions and not taken & set(addresses(binding))
    ]
    return replace(base, bindings=(*bindings, *kept))
