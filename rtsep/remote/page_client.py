"""One page: what it was told last, what it moves with its own hand, how much it may say and hear.

A tablet that sleeps says no longer what it has seen, and is told nothing more until it does:
nothing is kept for it, and when it wakes up it hears how things stand then. Knows no sockets.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from rtsep.remote.vocabulary import State, Value, is_fader

AHEAD = 8  # frames that may be under way before the page has seen the first of them
QUIET_SECONDS = 0.25  # so long after a move its hand is not told of what it moved
NEAR = 1e-3  # of a fader's travel: what nobody sees
PACE = 300  # messages a second, on average; and so many at once


class PageClient:
    """`now` is the same clock each time."""

    def __init__(self, now: float) -> None:
        self.refused = ""  # the newest sentence about what it may not do, until it is told
        self.done = ""  # likewise, about what it has done
        self.invites = False  # it asked for a code to let another device in
        self.devices: dict[str, Any] = {}  # that it asked for, until it is told
        self.figures: object = None  # that it was told last
        self.edition = 0  # of what there is to control, likewise
        self._under_way: deque[int] = deque()
        self._told: State = {}
        self._sent: State = {}  # by itself, and not compared with ours yet
        self._quiet: dict[str, float] = {}  # until when
        self._budget, self._filled = float(PACE), now

    @property
    def hears(self) -> bool:
        """Whether it keeps up with what it is told."""
        return len(self._under_way) < AHEAD

    def told_frame(self, number: int) -> None:
        self._under_way.append(number)

    def has_seen(self, number: int) -> None:
        """That frame, and so all before it. Numbers that were never sent mean nothing."""
        if number in self._under_way:
            while self._under_way.popleft() != number:
                pass

    def may_speak(self, now: float) -> bool:
        """False for a message that is one too many."""
        self._budget = min(self._budget + PACE * (now - self._filled), PACE)
        self._filled = now
        self._budget -= 1
        return self._budget >= 0

    def moved(self, names: Mapping[str, Value], now: float) -> None:
        """It has moved these itself: it is not told of them until it lets go."""
        for name, value in names.items():
            self._quiet[name] = now + QUIET_SECONDS
            self._told.pop(name, None)  # lamps wait for the answer
            self._sent[name] = value

    def begin(self, edition: int) -> None:
        """With everything, as it is told of these controls."""
        self.edition = edition
        self._told, self._sent, self._quiet = {}, {}, {}

    def news(self, state: State, now: float) -> State:
        """What it does not know yet, which is taken for told."""
        return {name: value for name, value in state.items() if self._is_news(name, value, now)}

    def _is_news(self, name: str, value: Value, now: float) -> bool:
        if self._quiet.get(name, now) > now:
            return False
        self._quiet.pop(name, None)
        known = _near(name, self._sent.pop(name, None), value) or self._told.get(name) == value
        self._told[name] = value
        return not known


def _near(name: str, sent: Value | None, value: Value) -> bool:
    """Whether a fader stands where it was put."""
    if not is_fader(name) or not isinstance(sent, (int, float)) or not isinstance(value, float):
        return False
    return math.isclose(sent, value, rel_tol=0.0, abs_tol=NEAR)
