"""The true peak of ITU-R BS.1770, annex 2: how high a signal goes between its samples."""

from __future__ import annotations

import numpy as np

from rtsep.dsp.sinc import HALF, TAPS, Audio, between

OVERSAMPLED = 4  # times; with half of that, peaks of what is high for the rate are 0.5 dB too low


class TruePeak:
    """The highest so far, over all channels. Blocks of any sizes give the same; samples that are
    not finite count as silence."""

    def __init__(self, channels: int) -> None:
        self._kernels = between(OVERSAMPLED)
        self._past: Audio = np.zeros((channels, TAPS - 1), np.float32)
        self._before = 0  # places between samples that are still to come, and lie before the reset
        self.highest = 0.0  # 1 is full scale

    def reset(self) -> None:
        """From here on."""
        self.highest, self._before = 0.0, HALF

    def process(self, sound: Audio) -> None:
        """The next (channels, n). What is between the samples is known half a kernel later."""
        finite = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
        known = np.concatenate((self._past, finite), 1)
        self._past = known[:, -(TAPS - 1) :]
        self.highest = max(self.highest, _size(finite))
        if not finite.size:
            return
        for kernel in self._kernels:
            for channel in known:
                between_them = np.convolve(channel, kernel, "valid")[self._before :]
                self.highest = max(self.highest, _size(between_them))
        self._before = max(self._before - finite.shape[1], 0)


def _size(sound: Audio) -> float:
    return float(np.abs(sound).max(initial=0.0))
