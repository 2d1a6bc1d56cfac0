"""Which sample of which song lies where in the feed, and from where to where the feed is read.

Knows numbers, and neither songs nor rings.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

_MOST = 4096  # stretches that are remembered; a loop makes one of each turn


@dataclass(frozen=True)
class Span:
    """From the position `feed` on, song `number` from its sample `place` on, at a speed."""

    feed: int
    number: int
    place: int
    speed: float


class Way:
    """Written by the thread that feeds, read by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: deque[Span] = deque(maxlen=_MOST)

    def add(self, span: Span) -> None:
        """From there on nothing else that was said holds."""
        with self._lock:
            while self._spans and self._spans[-1].feed >= span.feed:
                self._spans.pop()
            self._spans.append(span)

    def locate(self, feed: int) -> tuple[int, int]:
        """Song and sample that lie there; before everything, the first ones."""
        with self._lock:
            found = list(self._spans)
        if not found:
            return 0, 0
        here = found[max(bisect_right(found, feed, key=lambda one: one.feed) - 1, 0)]
        return here.number, here.place + round(max(feed - here.feed, 0) * here.speed)
