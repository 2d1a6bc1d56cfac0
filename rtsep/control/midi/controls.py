"""The controls of a device while they are in use: each knows its action and where it stands."""

from __future__ import annotations

from typing import Protocol

from rtsep.control.midi.halves import Halves
from rtsep.control.midi.maps import FINE, MOMENTARY, Binding
from rtsep.control.midi.messages import RELATIVE, Event
from rtsep.control.midi.takeover import Takeover
from rtsep.mixer.desk import Desk


class Control(Protocol):
    """Collects events and acts on the desk when told, so that of a flood only the sum counts."""

    def take(self, event: Event) -> None: ...

    def act(self, desk: Desk) -> None:
        """Raises ConfigError where the desk refuses."""


class Button:
    """Acts on what it was told last: act after every event."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self._pressed = False

    def take(self, event: Event) -> None:
        self._pressed = event.pressed

    def act(self, desk: Desk) -> None:
        action = self._binding.action
        if self._binding.mode == MOMENTARY:
            action.apply(desk, float(self._pressed))
        elif self._pressed:
            action.press(desk)


class Fader:
    """Stands somewhere: a slider, a knob with ends, a motor fader, a ring of lamps."""

    def __init__(self, binding: Binding, *, takeover: bool) -> None:
        self._binding = binding
        self._takeover = Takeover() if takeover else None
        self._halves = Halves() if binding.mode == FINE else None
        self._value: int | None = None

    def take(self, event: Event) -> None:
        self._value = event.value if self._halves is None else self._joined(self._halves, event)
        if self._takeover is not None and self._value is not None:
            self._takeover.passes(self._binding.travel(self._value))

    def act(self, desk: Desk) -> None:
        if self._value is None:
            return
        action, position = self._binding.action, self._binding.travel(self._value)
        if self._takeover is None:
            action.apply(desk, position)
        elif self._takeover.moves(action.value(desk)):
            action.apply(desk, position)
            self._takeover.moved(action.value(desk))

    def _joined(self, halves: Halves, event: Event) -> int | None:
        if event.number == self._binding.fine_number:
            halves.take_fine(event.value)
        else:
            halves.take_coarse(event.value)
        return halves.value


class Encoder:
    """Turns without end and says by how many clicks."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self._clicks = 0

    def take(self, event: Event) -> None:
        self._clicks += self._binding.clicks(event.value)

    def act(self, desk: Desk) -> None:
        turned, self._clicks = self._clicks * self._binding.step, 0
        self._binding.action.apply(desk, self._binding.action.value(desk) + turned)


def make_control(binding: Binding, *, answers: bool) -> Control:
    """`answers`: whether the device gets our feedback. A fader that does follows ours by itself."""
    if binding.mode in RELATIVE:
        return Encoder(binding)
    if not binding.moves:
        return Button(binding)
    follows = binding.feedback is not None and answers
    return Fader(binding, takeover=not follows if binding.takeover is None else binding.takeover)
