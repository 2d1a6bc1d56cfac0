"""How often something took how long, in memory that other processes may read."""

from __future__ import annotations

import math

import numpy as np

from rtsep.ring.arena import Arena

BINS_PER_DECADE = 100  # 2.3 % apart
DECADES = 9  # from 1 us to 1000 s


class Histogram:
    """Durations in bins of equal ratio; the longest and the last are kept as they are.

    One writer. Allocates nothing, so that an audio callback may add to it.
    """

    def __init__(self, arena: Arena) -> None:
        self._counts = arena.take(BINS_PER_DECADE * DECADES, np.int64)
        self._extremes = arena.take(2, np.float64)  # the last, the longest

    def add(self, seconds: float) -> None:
        decades = math.log10(seconds * 1e6) if seconds > 1e-6 else 0.0
        self._counts[min(int(decades * BINS_PER_DECADE), len(self._counts) - 1)] += 1
        self._extremes[0] = seconds
        if seconds > self._extremes[1]:
            self._extremes[1] = seconds

    def __len__(self) -> int:
        return int(self._counts.sum())

    def milliseconds(self) -> dict[str, float]:
        """p50, p90, p99, p99.9, max and last; empty without any."""
        total = self._counts.cumsum()
        if not total[-1]:
            return {}
        last, longest = (1000 * float(value) for value in self._extremes)
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
        bins = {name: int((total >= share * total[-1]).argmax()) for name, share in shares.items()}
        times = {
            name: min(1e-3 * 10 ** ((at + 0.5) / BINS_PER_DECADE), longest)
            for name, at in bins.items()
        }
        return {name: round(ms, 4) for name, ms in {**times, "max": longest, "last": last}.items()}
