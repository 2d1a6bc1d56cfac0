"""How much sound a host API brings at once. Knows nothing of streams.

PortAudio hands it over in blocks. Where those are shorter, they come one after the other, with no
time between them, and say that they came at the same moment.
"""

from __future__ import annotations

import math
import threading


class Bursts:
    """Blocks of one moment belong together. Noted in a callback, read by anybody."""

    def __init__(self) -> None:
        self.longest = 0  # samples, so far
        self._now = 0
        self._moment = math.nan
        self._over = threading.Event()

    def add(self, moment: float, count: int) -> None:
        """A block of `count` samples."""
        if moment == self._moment:
            self._now += count
        else:
            if self._now:
                self._over.set()
            self._moment, self._now = moment, count
        self.longest = max(self.longest, self._now)

    def wait(self, seconds: float) -> bool:
        """Until one was seen whole; false if that takes longer."""
        return self._over.wait(seconds)
