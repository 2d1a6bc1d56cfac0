"""Timing in turns: one after the other, round by round, so that a slow minute hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Clock = Callable[[], float]  # does something once, and returns the seconds that it took


def clock(act: Callable[[], object]) -> Clock:
    def timed() -> float:
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return timed


def in_turn(clocks: Mapping[str, Clock], rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each, round by round; the first `warm_up` rounds do not count."""
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for number in range(warm_up + rounds):
        for name, act in clocks.items():
            seconds = act()
            if number >= warm_up:
                times[name].append(seconds)
    return times


def percentiles(
    values: Sequence[float], names: Sequence[str], *, scale: float = 1000.0, digits: int = 1
) -> dict[str, float]:
    """`names` are "p50", "p99.9", ... and "max"; `scale` turns seconds into milliseconds."""
    return {
        name: round(scale * float(np.percentile(values, _share(name))), digits) for name in names
    }


def ratios(ours: Sequence[float], peer: Sequence[float]) -> dict[str, float]:
    """Ours / peer, round by round: below 1 we are faster."""
    found = [a / b for a, b in zip(ours, peer, strict=True)]
    return {
        "ratio": round(statistics.median(found), 3),
        "ratio_min": round(min(found), 3),
        "ratio_max": round(max(found), 3),
    }


def _share(name: str) -> float:
    return 100.0 if name == "max" else float(name.removeprefix("p"))
