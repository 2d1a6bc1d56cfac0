"""What hands did to a desk, gesture by gesture, so that the last one can be undone.

Knows keys and values; not what they mean, and not how they are put back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

GESTURE_SECONDS = 1.0  # a fader that rests for so long has been let go
MOST_GESTURES = 200

Key = tuple[str, Any]  # a field's name, and the place in it


@dataclass
class Gesture:
    """What was done, in words, and what had been there before."""

    name: str
    before: Mapping[Key, Any]
    whole: bool = False  # a balance, not one thing
    until: float = 0.0  # a move of the same fader up to then belongs to it


class History:
    """The newest gestures. Whoever calls sees to it that only one thread does at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._gestures: deque[Gesture] = deque(maxlen=MOST_GESTURES)

    def note(self, name: str, before: Mapping[Key, Any], *, whole: bool) -> None:
        """Something that was done at once."""
        self._gestures.append(Gesture(name, before, whole=whole))

    def note_move(self, name: str, key: Key, before: Any) -> None:
        """A fader that is moved; what comes soon after goes on with its gesture, whatever other
        hands do meanwhile."""
        now = self._clock()
        for gesture in reversed(self._gestures):
            if gesture.until > now and key in gesture.before:
                gesture.until = now + GESTURE_SECONDS
                return
        self._gestures.append(Gesture(name, {key: before}, until=now + GESTURE_SECONDS))

    def take(self) -> Gesture | None:
        """The last one, which is then forgotten; None where there is none."""
        return self._gestures.pop() if self._gestures else None

    def clear(self) -> None:
        self._gestures.clear()
