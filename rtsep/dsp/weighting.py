"""K-weighting: how much of a sound's power is heard as loudness, by frequency.

The two filters of ITU-R BS.1770, for any sample rate. The recommendation has their coefficients for
48 kHz alone; here they are derived from the analogue filters behind them, as De Man found them
("Evaluation of implementations of the EBU R128 loudness measurement", AES 2018).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from rtsep.dsp.recursive import FRAME, Numbers, Svf, drop_faint, frame_matrix

# The head: a shelf that lifts the highs. Its band is a little less than half of its height.
SHELF_HZ, SHELF_Q = 1681.974450955533, 0.7071752369554196
SHELF_HIGH = 10 ** (3.999843853973347 / 20)
SHELF_BAND = SHELF_HIGH**0.4996667741545416
# Lows are heard less: a high-pass. The recommendation leaves it a little above unity at 48 kHz, and
# so much it is here at every rate.
PASS_HZ, PASS_Q = 38.13547087602444, 0.5003270373238773
_G = math.tan(math.pi * PASS_HZ / 48_000)
PASS_LIFT = 1 + _G / PASS_Q + _G * _G


class _Filters:
    """One behind the other."""

    def __init__(self, rate: int) -> None:
        self._shelf, self._pass = Svf(SHELF_HZ / rate, SHELF_Q), Svf(PASS_HZ / rate, PASS_Q)
        self.filters = [self._shelf, self._pass]

    def tick(self, x: Numbers) -> tuple[Numbers]:
        low, high, _ = self._shelf.tick(x)
        head = low + SHELF_BAND * (x - low - high) + SHELF_HIGH * high
        return (PASS_LIFT * self._pass.tick(head).high,)


@lru_cache(maxsize=4)
def _matrix(rate: int) -> Numbers:
    return frame_matrix(_Filters(rate))


class Weighting:
    """Some channels, block by block; blocks of any sizes give the same, bit by bit."""

    def __init__(self, rate: int, channels: int) -> None:
        self._matrix = _matrix(rate)
        self._frame = np.zeros((channels, len(self._matrix)))  # samples so far, the state before
        self._result = np.zeros((channels, self._matrix.shape[1]))
        self._filled = 0

    def process(self, sound: Numbers) -> Numbers:
        """(channels, n), weighted. Only for finite samples: others would never be forgotten."""
        out, count, done = np.empty(sound.shape), sound.shape[1], 0
        while done < count:
            stop = min(done + FRAME - self._filled, count)
            until = self._filled + stop - done
            self._frame[:, self._filled : until] = sound[:, done:stop]
            np.matmul(self._frame, self._matrix, out=self._result)
            out[:, done:stop] = self._result[:, self._filled : until]
            if until == FRAME:
                self._frame[:, FRAME:] = self._result[:, FRAME:]
                self._frame[:, :FRAME] = 0
            done, self._filled = stop, until % FRAME
        drop_faint(self._frame[:, FRAME:])
        return out
