"""Values of a signal between its samples. Knows nothing of clocks or rings."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

Audio = np.ndarray[Any, np.dtype[np.float32]]

TAPS = 48  # exact to 99 dB up to 0.86 of half the rate, 19 kHz at 44.1 kHz
HALF = TAPS // 2
_SHAPE = 10.0  # of the Kaiser window
_PHASES = 512  # rows of the kernel between two samples; between two rows it is a straight line
_CHUNK = 512  # values found at once: bounds the memory, not what may be asked for


def half_taps(stretch: float = 1.0) -> int:
    """How many samples each side of a value it is made of."""
    return math.ceil(HALF * max(stretch, 1.0))


@lru_cache(maxsize=4)
def _kernel(stretch: float) -> tuple[Audio, Audio]:
    """Rows (phases, taps) of a windowed sinc, and how far each is from the next one."""
    half = half_taps(stretch)
    phase = np.arange(_PHASES + 1)[:, np.newaxis] / _PHASES
    time = (phase - np.arange(1 - half, half + 1)) / stretch
    window = np.i0(_SHAPE * np.sqrt(np.clip(1 - (time / HALF) ** 2, 0, None)))
    rows = np.sinc(time) * window
    rows /= rows.sum(axis=1, keepdims=True)  # so that a constant stays what it is
    return rows[:-1].astype(np.float32), np.diff(rows, axis=0).astype(np.float32)


def between(factor: int) -> list[Audio]:
    """Kernels to convolve with, for the `factor` - 1 places that divide the way from one sample to
    the next evenly."""
    rows, _ = _kernel(1.0)
    return [rows[place * _PHASES // factor, ::-1].copy() for place in range(1, factor)]


class Interpolator:
    """Reads audio at positions that advance by nearly one sample, or by nearly `stretch` samples
    if that is more: what is too high for values that far apart is then left out. Allocates little.

    Put the audio into `audio` (channels, room) first. Position 0 is its sample `half` - 1; beyond
    the last position it must hold `half` more samples.
    """

    def __init__(self, channels: int, room: int, stretch: float = 1.0) -> None:
        stretch = max(stretch, 1.0)
        self.half = half_taps(stretch)
        self.audio: Audio = np.zeros((channels, room), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self.audio, 2 * self.half, axis=1)
        self._windows = windows
        self._rows, self._slopes = _kernel(stretch)
        self._steps = np.arange(_CHUNK)

    def read_into(self, out: Audio, fraction: float, ratio: float) -> None:
        """Fill (channels, n) with the values at `fraction + ratio * (0 ... n - 1)`."""
        chunk = max(_CHUNK * HALF // self.half, 1)
        for start in range(0, out.shape[1], chunk):
            piece = out[:, start : start + chunk]
            at = (self._steps[: piece.shape[1]] + start) * ratio + fraction
            sample = at.astype(np.intp)
            phase = (at - sample) * _PHASES
            row = phase.astype(np.intp)
            taps = self._slopes[row]
            taps *= (phase - row).astype(np.float32)[:, np.newaxis]
            taps += self._rows[row]
            np.einsum("cnt,nt->cn", self._windows[:, sample], taps, out=piece)
