"""An endless input without clicks of its own, so that any click in the output is one of ours."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Audio = np.ndarray[Any, np.dtype[np.float32]]

LENGTH = 1 << 20  # samples until it repeats
PEAK = 0.7
_LOWEST_HZ, _HIGHEST_HZ = 30.0, 8000.0
_KNEES_HZ = (200.0, 80.0)  # of the songs


@lru_cache(maxsize=4)
def music(rate: int, channels: int, song: int = 0) -> Audio:
    """(channels, LENGTH): noise that falls by 12 dB per octave, its end joins its beginning."""
    hertz = np.fft.rfftfreq(LENGTH, 1 / rate)
    shape = ((hertz > _LOWEST_HZ) & (hertz < _HIGHEST_HZ)) / (1 + (hertz / _KNEES_HZ[song]) ** 2)
    phases = np.random.default_rng(rate).uniform(0, 2 * np.pi, (channels, hertz.size))
    audio = np.fft.irfft(shape * np.exp(1j * phases), LENGTH)
    return (PEAK / np.abs(audio).max() * audio).astype(np.float32)


def excerpt(rate: int, channels: int, position: int, count: int, song: int = 0) -> Audio:
    """(channels, count), from a position that may be as high as one likes."""
    at = np.arange(position, position + count)
    return music(rate, channels, song).take(at, axis=1, mode="wrap")
