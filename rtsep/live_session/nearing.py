"""What an engine goes over to that began with time to spare, once its steps have shown what they
need: first shorter hops, which nobody hears as long as the time saved is given to the steps, then
less time for the steps, in a few jumps that are told."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from rtsep.config import PACE, UNSEEN, StreamSpec
from rtsep.live_session.timing import Timing, hop_seconds

TRIAL_SECONDS = 4.0  # of steps of a hop, before anything is said of them
NEAR = 0.65  # of a shorter hop, that a step may take by what it should cost: it will be some more
MOST_SHORTER = 2  # times at once; cost does not shrink with what is computed alone
# Seconds of answers before a jump, and how many times as far from the median as the slowest of them
# later ones may be: the longer they were heard, the more they say.
PATIENCE = ((15.0, 4.0), (60.0, 3.0), (300.0, UNSEEN))
WORTH = 0.03  # seconds of latency; less is not worth a jump in the sound
MOST_KEPT = 1 << 14  # steps; more than the longest patience has of the shortest hop
SLOW_SHARE = 0.1  # of the steps, that may take longer than PACE allows


class Nearing:
    """Follows the steps of a stream that is in time."""

    def __init__(self, timing: Timing, shorter: Sequence[StreamSpec]) -> None:
        """`shorter` hops to try, shortest first."""
        self._timing, self._shorter = timing, shorter
        self._longer: StreamSpec | None = None  # to go back to
        self._jumps = 0
        self._forget()

    def heed(self, seconds: float, answer: float, *, may_jump: bool) -> Timing | None:
        """After every step: what it took, and after how many seconds the stems of its hop were
        there. Returns what to go over to; it sounds otherwise only where that `may_jump`."""
        if self._jumps == len(PATIENCE):
            return None
        self._steps.append(seconds)
        self._answers.append(answer)
        heard = len(self._steps) * hop_seconds(self._timing.spec)
        changed = None
        if heard >= TRIAL_SECONDS and not self._settled:
            changed = self._other_hop()
        if not changed and may_jump and self._settled:
            patience, unseen = PATIENCE[self._jumps]
            changed = self._less_time(unseen) if heard >= patience else None
        if changed:
            self._timing = changed
            self._forget()
        return changed

    def _forget(self) -> None:
        """What was before a change says nothing about afterwards."""
        self._steps: deque[float] = deque(maxlen=MOST_KEPT)
        self._answers: deque[float] = deque(maxlen=MOST_KEPT)
        self._settled = False

    def _other_hop(self) -> Timing | None:
        """A shorter one, or the last one again if this was too short."""
        spec = self._timing.spec
        slow = sorted(self._steps)[int((1 - SLOW_SHARE) * len(self._steps))]
        if self._longer and slow > PACE * hop_seconds(spec):
            longer, self._longer, self._shorter = self._longer, None, ()
            return self._with(longer)
        for each in self._shorter:
            near = spec.hop > each.hop >= spec.hop / MOST_SHORTER
            if near and slow * each.cost(spec) <= NEAR * hop_seconds(each):
                self._longer = spec
                return self._with(each)
        self._settled = True
        return None

    def _with(self, spec: StreamSpec) -> Timing:
        """Another hop at the same latency."""
        assert self._timing.budget is not None, "a budget to take from"
        saved = hop_seconds(self._timing.spec) - hop_seconds(spec)
        return Timing(spec=spec, budget=self._timing.budget + saved)

    def _less_time(self, unseen: float) -> Timing | None:
        """As tuning reckons: a session is longer than what was seen of it."""
        budget, median = self._timing.budget, statistics.median(self._answers)
        assert budget is not None, "a budget to take from"
        need = median + unseen * (max(self._answers) - median)
        enough = max(need, hop_seconds(self._timing.spec))
        self._jumps += 1
        if budget - enough < WORTH:
            return None
        self._longer = None  # there is no time left for it
        return replace(self._timing, budget=enough)
