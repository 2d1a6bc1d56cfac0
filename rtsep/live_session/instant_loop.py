"""Hops of sound through the instant path into a ring of stems, as they come; late stems of the
engine from their ring into its memory.

Positions count samples of the session, as everywhere. Knows nothing of processes: `work` does what
can be done now and returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rtsep.instant.path import InstantPath
from rtsep.live_session.shared import Shared
from rtsep.ring.ring import Audio

MOST_BEHIND = 0.1  # seconds of sound; what is older is left out, since nobody waits for it
LEARNT_HOPS = 2  # at once, between two looks at the sound


class InstantLoop:
    """Drives one `InstantPath`, from the newest whole hop of the input on."""

    def __init__(
        self,
        path: InstantPath,
        shared: Shared,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        assert shared.instant is not None, "this session has no instant path"
        layout, self._hop = shared.layout, path.settings.hop
        self._path, self._shared, self._out, self._clock = path, shared, shared.instant, clock
        self._block: Audio = np.zeros((layout.channels, self._hop), np.float32)
        self._late: Audio = np.zeros((layout.stems * layout.channels, self._hop), np.float32)
        self._shape = (layout.stems, layout.channels, self._hop)
        self._go_to(shared.input.head)
        self._learnt = max(shared.stems.readable()[0], self._next)

    def work(self) -> None:
        """Sound first: what has come goes through before anything is learnt."""
        while self._step() or self._learn():
            pass

    def _go_to(self, position: int) -> None:
        """Go on at the first whole hop from `position` on; the memory stays."""
        self._next = self._whole_from = -(-position // self._hop) * self._hop
        self._path.go_to(self._next)

    def _step(self) -> bool:
        """A hop, if there is a whole one."""
        behind = self._shared.input.head - self._next
        counters = self._shared.counters
        if behind > self._most_behind():
            left_out = self._next
            self._go_to(self._shared.input.head - self._hop)
            counters.instant_late[0] += (self._next - left_out) // self._hop
            behind = self._shared.input.head - self._next
        if behind < self._hop:
            return False
        began = self._clock()
        self._shared.input.read_into(self._next, self._block)
        stems = self._path.process(self._block)
        start = self._next - self._hop  # `process` is a hop behind
        self._next += self._hop
        if start >= self._whole_from:  # before that the path has heard silence, not the sound
            self._deliver(start, stems)
        counters.instant_hops[0] += 1
        counters.instant_frames[0] = len(self._path.memory)
        counters.instant_fit[0] = self._path.fit
        counters.instant_times.add(self._clock() - began)
        return True

    def _deliver(self, start: int, stems: Audio) -> None:
        if self._out.head < start:
            self._out.skip_to(start)
        if self._out.head == start:  # else a predecessor has made it already
            self._out.write(stems.reshape(-1, self._hop))
        self._shared.counters.instant_late[0] += start < self._heard()

    def _learn(self) -> bool:
        """Some of the stems that the engine has made since."""
        first, head = self._shared.stems.readable()
        self._learnt = max(self._learnt, first)
        for _ in range(LEARNT_HOPS):
            if head - self._learnt < self._hop:
                return False
            if self._shared.stems.read_into(self._learnt, self._late) == (0, self._hop):
                self._path.learn(self._learnt, self._late.reshape(self._shape))
            self._learnt += self._hop
        return True

    def _heard(self) -> int:
        """The position that is played next on this path."""
        return self._shared.input.head - self._shared.instant_delay

    def _most_behind(self) -> int:
        """What can still be heard in time is never too old, however much a device brings at once:
        that is a part of the delay, so that twice the delay is enough."""
        return max(round(MOST_BEHIND * self._shared.layout.rate), 2 * self._shared.instant_delay)
