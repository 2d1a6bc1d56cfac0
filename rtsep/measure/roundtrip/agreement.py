"""What several bursts say together: one delay, a drift, or none that could be named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtsep.measure.roundtrip.correlate import Arrival

WITHIN = 0.5  # samples from the median: the same sample
MOST = 0.75  # of the bursts that must be found, and agree, before anything is claimed
FEWEST = 2
_STEADY = 0.25  # samples around a straight line: a drift, not an accident
_DRIFT_SAMPLES = 1.0  # from the first to the last burst

Numbers = np.ndarray[Any, np.dtype[Any]]

EXACT, DRIFTS, VARIES, LOST = "exact", "drifts", "varies", "lost"


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of the delays of `bursts` bursts, in samples. Without any arrival the delays are 0."""

    verdict: str  # EXACT, DRIFTS, VARIES or LOST
    bursts: int
    found: int
    agree: int  # of those, within half a sample of the median
    delay: float  # median
    least: float
    most: float
    drift_ppm: float  # of the delay over time; 0 unless it drifts

    @property
    def samples(self) -> int:
        return math.floor(self.delay + 0.5)


def agreement(arrivals: Sequence[Arrival | None], starts: Sequence[int]) -> Agreement:
    """Of bursts played at the samples `starts`, in the order of both."""
    pairs = [(at, one.delay) for at, one in zip(starts, arrivals, strict=True) if one]
    delays = np.array([delay for _, delay in pairs])
    # The lower of two medians, so that it is one of the delays.
    delay = float(np.sort(delays)[(len(delays) - 1) // 2]) if pairs else 0.0
    agree = int(np.count_nonzero(np.abs(delays - delay) <= WITHIN))
    needed = max(MOST * len(arrivals), FEWEST)
    drift = _drift_ppm(np.array([at for at, _ in pairs]), delays)
    if len(pairs) < needed:
        verdict = LOST
    elif drift:
        verdict = DRIFTS
    else:
        verdict = EXACT if agree >= needed else VARIES
    return Agreement(
        verdict=verdict,
        bursts=len(arrivals),
        found=len(pairs),
        agree=agree,
        delay=delay,
        least=float(delays.min(initial=delay)),
        most=float(delays.max(initial=delay)),
        drift_ppm=drift if verdict == DRIFTS else 0.0,
    )


def _drift_ppm(starts: Numbers, delays: Numbers) -> float:
    """The slope, where the delays lie on one that matters; else 0."""
    if len(starts) < 4:
        return 0.0
    slope, begin = np.polyfit(starts, delays, 1)
    rest = float(np.max(np.abs(delays - begin - slope * starts)))
    moved = abs(float(slope)) * float(starts[-1] - starts[0])
    return 1e6 * float(slope) if moved >= _DRIFT_SAMPLES and rest <= _STEADY else 0.0
