"""Notices a process that runs and yet does nothing, such as one that waits for a lost GPU."""

from __future__ import annotations

import time
from collections.abc import Callable

from rtsep.live_session.shared import Shared

HANG_SECONDS = 10.0


class _Watch:
    """Looks at how many hops a process has counted."""

    def __init__(
        self, shared: Shared, hop: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """A hop is so many samples of the session."""
        self._shared, self._hop, self._clock = shared, hop, clock
        self.reset()

    def reset(self) -> None:
        """A new process has begun."""
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
        raise NotImplementedError


class EngineWatch(_Watch):
    def __init__(self, shared: Shared, clock: Callable[[], float] = time.monotonic) -> None:
        layout = shared.layout
        super().__init__(shared, layout.spec.hop * layout.rate // layout.spec.sample_rate, clock)

    def _done(self) -> int:
        counters = self._shared.counters
        return int(counters.steps[0]) + int(counters.skipped[0])


class InstantWatch(_Watch):
    def __init__(self, shared: Shared) -> None:
        layout = shared.layout
        super().__init__(shared, layout.instant.hop)

    def _done(self) -> int:
        return int(self._shared.counters.instant_hops[0])
