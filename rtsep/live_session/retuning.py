"""What an engine goes over to when it is late again and again: cheaper steps, a longer hop, more
time for a step. Never back: what was too much once would be so again, and a change is heard. One
that began with time to spare comes nearer until then (see `nearing`)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtsep.config import MOST_LATENCY, PACE, StreamSpec
from rtsep.live_session.nearing import Nearing
from rtsep.live_session.relief import PERIOD_SECONDS, Relief
from rtsep.live_session.timing import Change, Timing, difference, hop_seconds

MOST_LONGER = 2  # times the hop before; a few seconds are too few to say more of later ones
SLOW_SHARE = 0.1  # of the steps, that may take longer than PACE allows


@dataclass(frozen=True, kw_only=True)
class Reserves:
    """What there is to go over to: streams of the same hop at less cost, and longer hops, shortest
    first; and for one that began with time to spare shorter ones, shortest first."""

    cheaper: tuple[StreamSpec, ...] = ()
    longer: tuple[StreamSpec, ...] = ()
    shorter: tuple[StreamSpec, ...] = ()


class Retuning:
    """Follows the steps of a stream, and says when and how to go on differently."""

    def __init__(
        self, timing: Timing, reserves: Reserves, *, adapts: bool, nears: bool = False
    ) -> None:
        """One that `adapts` may take up more latency, and one that `nears` less. Only then a budget
        is needed."""
        self.timing = timing
        self._reserves, self._adapts = reserves, adapts
        self._nearing = Nearing(timing, reserves.shorter) if nears else None
        self._forget()

    def heed(
        self, seconds: float | None, late: float, answer: float = 0.0, *, may_jump: bool = True
    ) -> Change | None:
        """After every hop: what its step took, None if it was skipped, by how many seconds its
        stems came too late, and after how many they were there. Returns what to go over to, None
        for no change; it comes nearer only where the sound `may_jump`."""
        if seconds is not None:
            self._steps.append(seconds)
        self._late.append(late)
        before = self.timing
        if self._relief.needed(late > 0):
            self._nearing = None
            after = self._changed()
            return Change(after, f"steps were late: {difference(before, after)}") if after else None
        if self._nearing is None or seconds is None:
            return None
        after = self._nearing.heed(seconds, answer, may_jump=may_jump)
        if not after:
            return None
        self._adopt(after)
        return Change(after, None if after.spec != before.spec else "steps need less time")

    def check(self, steps: Sequence[float]) -> Timing | None:
        """Before the first hop: what to begin with instead, if steps are too slow by now."""
        self._steps.extend(steps)
        return None if self._holds(self.timing.spec) else self._changed()

    def _changed(self) -> Timing | None:
        changed = self._other_stream() or self._more_time()
        if changed:
            self._adopt(changed)
        return changed

    def _adopt(self, timing: Timing) -> None:
        self.timing = timing
        self._forget()

    def _forget(self) -> None:
        """What was before a change says nothing about afterwards."""
        hop = hop_seconds(self.timing.spec)
        recent = math.ceil(PERIOD_SECONDS / hop)
        self._relief = Relief(hop)
        self._steps: deque[float] = deque(maxlen=recent)
        self._late: deque[float] = deque(maxlen=recent)

    def _other_stream(self) -> Timing | None:
        """The same hop at less cost, if that promises to be enough or nothing else may be; a longer
        hop, if steps do not keep up with this one."""
        spec = self.timing.spec
        for each in self._reserves.cheaper:
            cheaper = each.hop == spec.hop and each.refresh < spec.refresh
            if cheaper and (not self._adapts or self._holds(each)):
                return replace(self.timing, spec=each)
        longer = [each for each in self._reserves.longer if each.hop > spec.hop]
        if not self._adapts or not longer or self._holds(spec):
            return None
        near = [each for each in longer if each.hop <= MOST_LONGER * spec.hop] or longer[:1]
        chosen = next((each for each in near if self._holds(each)), near[-1])
        budget = max(self.timing.budget or 0.0, hop_seconds(chosen))
        return Timing(spec=chosen, budget=budget)

    def _more_time(self) -> Timing | None:
        """As much as the slowest step lacked, but of one stall not more than a hop."""
        spec, budget = self.timing.spec, self.timing.budget
        if not self._adapts or budget is None or not self._late:
            return None
        hop, frame = hop_seconds(spec), _seconds(spec, spec.frame)
        most = MOST_LATENCY - _seconds(spec, spec.latency_samples) - budget
        if most < frame:
            return None
        more = min(max(max(self._late) / PACE, frame), hop, most)
        return Timing(spec=spec, budget=budget + more)

    def _holds(self, spec: StreamSpec) -> bool:
        """Whether all but the slowest steps would leave time before the next one, if what they cost
        is what they refresh."""
        steps = sorted(self._steps)
        if not steps:  # all were skipped
            return False
        pace = steps[int((1 - SLOW_SHARE) * len(steps))]
        return pace * spec.cost(self.timing.spec) < PACE * hop_seconds(spec)


def _seconds(spec: StreamSpec, samples: int) -> float:
    return samples / spec.sample_rate
