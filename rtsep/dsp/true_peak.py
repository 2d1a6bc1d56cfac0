"""The true peak of ITU-R BS.1770, annex 2: how high a signal goes between its samples."""

from __future__ import annotations

import numpy as np

from rtsep.dsp.sinc import TAPS, Audio, between

OVERSAMPLED_HZ = 4 * 44_100  # at least


class TruePeak:
    """The highest so far, over all channels. Blocks of any sizes give the same; samples that are
    not finite count as silence."""

    def __init__(self, rate: int, channels: int) -> None:
        factor = next(n for n in (1, 2, 4) if n * rate >= OVERSAMPLED_HZ or n == 4)
        self._kernels = between(factor)
        self._past: Audio = np.zeros((channels, TAPS - 1), np.float32)
        self.highest = 0.0  # 1 is full scale

    def reset(self) -> None:
        """From here on; a peak just before counts as well as its neighbours behind it."""
        self.highest = 0.0

    def process(self, sound: Audio) -> None:
        """The next (channels, n). What is between the samples is known half a kernel later."""
        finite = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
        known = np.concatenate((self._past, finite), 1)
        self._past = known[:, -(TAPS - 1) :]
        self.highest = max(self.highest, _size(finite))
        for kernel in self._kernels:
            for channel in known:
                self.highest = max(self.highest, _size(np.convolve(channel, kernel, "valid")))


def _size(sound: Audio) -> float:
    return float(np.abs(sound).max(initial=0.0))
