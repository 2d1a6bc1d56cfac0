"""Notices an engine that runs and yet does nothing, such as one that waits for a lost GPU."""

from __future__ import annotations

import time
from collections.abc import Callable

from rtsep.live_session.shared import Shared

HANG_SECONDS = 10.0


class EngineWatch:
    """Looks at what the engine has counted."""

    def __init__(self, shared: Shared, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._hop = shared.layout.spec.hop * shared.layout.rate // shared.layout.spec.sample_rate
        self.reset()

    def reset(self) -> None:
        """A new engine has begun."""
        self._hops = self._done()
        self._position = self._shared.input.head
        self._since = self._clock()

    def hangs(self) -> bool:
        """Whether audio has come for several hops, and long enough, without any of them done."""
        if self._done() != self._hops:
            self.reset()
        waiting = self._shared.input.head - self._position > 3 * self._hop
        return waiting and self._clock() - self._since > HANG_SECONDS

    def _done(self) -> int:
        counters = self._shared.counters
        return int(counters.steps[0]) + int(counters.skipped[0])
