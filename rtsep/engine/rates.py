"""Between the rate of the device and that of the model: audio down, stems up, positions kept.

Both directions are soxr streams. What comes out is aligned with what went in, sample 0 with sample
0; a stream only withholds the newest stretch, and how much at most is measured, not assumed.
"""

from __future__ import annotations

import math

import numpy as np
import soxr

from rtsep.ring.ring import Audio

_TRIAL_BLOCK = 64
SETTLING_SAMPLES = 256  # beside a gap, a converter's output still rings


class RateConverter:
    """One direction of one signal, (channels, n) to (channels, m). Equal rates cost nothing."""

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        self._stream = (
            None
            if from_rate == to_rate
            else soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="HQ")
        )

    def __call__(self, block: Audio) -> Audio:
        if self._stream is None:
            return block
        converted: Audio = self._stream.resample_chunk(np.ascontiguousarray(block.T)).T
        return converted


def withheld_samples(from_rate: int, to_rate: int) -> int:
    """How many samples at `from_rate` a converter keeps to itself at most."""
    if from_rate == to_rate:
        return 0
    convert, worst = RateConverter(from_rate, to_rate, 1), 0.0
    block, got = np.zeros((1, _TRIAL_BLOCK), np.float32), 0
    for count in range(1, from_rate // _TRIAL_BLOCK + 1):  # a second
        got += convert(block).shape[1]
        worst = max(worst, count * _TRIAL_BLOCK - got * from_rate / to_rate)
    return int(worst) + _TRIAL_BLOCK


def conversion_samples(device_rate: int, model_rate: int) -> int:
    """What both ways together add to the latency, in samples of the device."""
    ratio = device_rate / model_rate
    up = math.ceil(withheld_samples(model_rate, device_rate) * ratio)
    return withheld_samples(device_rate, model_rate) + up
