"""Figures: how long steps took, how good a separation is. Knows nothing of what is measured."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

Audio = np.ndarray[Any, Any]

MEAN = "mean"  # of the stems, in the place of one


class StepTimes:
    """Seconds that each step took, against the time there is for one."""

    def __init__(self, deadline_seconds: float) -> None:
        self.deadline_seconds = deadline_seconds
        self._seconds = array("d")

    def __len__(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float) -> None:
        self._seconds.append(seconds)

    @property
    def misses(self) -> int:
        """Steps that took longer than the audio they brought."""
        return sum(seconds > self.deadline_seconds for seconds in self._seconds)

    def milliseconds(self) -> dict[str, float]:
        """p50, p90, p99, p99.9 and max; empty without any step."""
        if not self._seconds:
            return {}
        times = 1000 * np.asarray(self._seconds)
        named = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
        return {name: round(float(np.percentile(times, at)), 3) for name, at in named.items()}


def sdr(reference: Audio, estimate: Audio) -> float:
    """Signal to distortion ratio in dB: 10 log10(sum ref^2 / sum (ref - est)^2), over all samples.

    The definition of the Music Demixing Challenge (Mitsufuji et al., 2021), over a whole track.
    """
    reference = reference.astype(np.float64)
    distortion = np.sum((reference - estimate) ** 2)
    with np.errstate(divide="ignore"):  # silence in the reference, or a perfect estimate
        return float(10 * np.log10(np.sum(reference**2) / distortion)) if distortion else np.inf
