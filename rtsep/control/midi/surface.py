"""One device: its messages move the desk, and its lamps and motors show where the desk stands.

Knows nothing of ports and threads: bytes come in, bytes go out, the time is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rtsep.control.midi.acquaintance import Acquaintance
from rtsep.control.midi.controls import Control, make_control
from rtsep.control.midi.maps import ANY_CHANNEL, Binding, DeviceMap
from rtsep.control.midi.messages import RELATIVE, Event, encode, parse
from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk

QUIET_S = 0.25  # so long after a move, a fader's own motor or ring leaves it alone
AGAIN_S = 5.0  # before the same refusal is told once more: a knob would say it with each step
MOST_AT_ONCE = 16  # messages of feedback; a MIDI cable takes about one a millisecond

Address = tuple[str, int, int]  # type, channel, number


class _Part:
    """A control and its lamp."""

    def __init__(self, binding: Binding, *, answers: bool) -> None:
        self.binding = binding
        self.control: Control = make_control(binding, answers=answers)
        self.lamp = binding.feedback if answers else None
        self.shown: list[Event] | None = None  # what the device was told last
        self.quiet_until = 0.0
        self.refused_until = 0.0  # so long nobody needs to hear of it again

    def touched(self, now: float) -> None:
        """The device may show something else now: buttons light up by themselves when pressed."""
        self.shown = None
        if self.binding.moves and self.binding.mode not in RELATIVE:
            self.quiet_until = now + QUIET_S


class Surface:
    """The bindings of a map that the desk has the stems for. One thread uses it."""

    def __init__(
        self, device: DeviceMap, desk: Desk, on_event: Callable[[str], None], *, answers: bool
    ) -> None:
        """`answers`: whether there is a port to send feedback to. `on_event` hears of actions that
        the desk refuses."""
        self._desk = desk
        self._on_event = on_event
        self._parts = [
            _Part(binding, answers=answers)
            for binding in device.bindings
            if binding.action.fits(desk)
        ]
        self._by_address: dict[Address, list[_Part]] = {}
        for part in self._parts:
            kind, channel = part.binding.type, part.binding.channel
            for number in part.binding.numbers:
                self._by_address.setdefault((kind, channel, number), []).append(part)
        self._lamps = [part for part in self._parts if part.lamp is not None]
        self._changes = -1  # of the desk, when all lamps had been looked at
        self._acquaintance = Acquaintance(device)

    @property
    def strange(self) -> bool:
        """Whether the device speaks otherwise than its map says."""
        return self._acquaintance.strange

    def receive(self, messages: Iterable[Sequence[int]], now: float) -> None:
        """Do what messages say. Of several moves of one fader only the last counts; buttons are
        pressed one after the other, each in its place among the moves."""
        moved: dict[_Part, None] = {}
        for event in filter(None, map(parse, messages)):
            for part in self._meant(event):
                if not part.binding.moves:
                    self._act(moved, now)
                    moved.clear()
                part.control.take(event)
                part.touched(now)
                moved[part] = None
                self._changes = -1
        self._act(moved, now)

    def feedback(self, now: float) -> list[list[int]]:
        """The next few messages that bring lamps and motors to where the desk stands."""
        changes = self._desk.changes
        if changes == self._changes:
            return []
        messages: list[list[int]] = []
        waiting = False
        for part in list(self._lamps):
            if len(messages) >= MOST_AT_ONCE or now < part.quiet_until:
                waiting = True
                continue
            news = self._news(part)
            if news:
                messages += map(encode, news)
                self._lamps.remove(part)  # to the end: next time others come first
                self._lamps.append(part)
        self._changes = -1 if waiting else changes
        return messages

    def dark(self) -> list[list[int]]:
        """The messages that put all lamps out; faders stay where they are."""
        return [
            encode(event)
            for part in self._lamps
            if part.lamp is not None and not part.binding.moves
            for event in part.lamp.events(0.0)
        ]

    def _meant(self, event: Event) -> list[_Part]:
        if not self._acquaintance.believes(event):
            return []
        exact = self._by_address.get((event.type, event.channel, event.number), [])
        return exact + self._by_address.get((event.type, ANY_CHANNEL, event.number), [])

    def _act(self, parts: Iterable[_Part], now: float) -> None:
        for part in parts:
            try:
                part.control.act(self._desk)
            except ConfigError as error:
                self._tell(part, error, now)

    def _tell(self, part: _Part, error: ConfigError, now: float) -> None:
        """What the desk refuses; each press of a button, and of what is moved the beginning."""
        if not part.binding.moves or now >= part.refused_until:
            self._on_event(f"{part.binding.action}: {error}")
        part.refused_until = now + AGAIN_S

    def _news(self, part: _Part) -> list[Event]:
        """What the lamp of a part must be told, which is taken for told."""
        assert part.lamp is not None
        wanted = part.lamp.events(part.binding.action.value(self._desk))
        if wanted == part.shown:
            return []
        part.shown = wanted
        return wanted
