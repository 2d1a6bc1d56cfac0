"""Sound taken apart into low, mid and high, as an isolator does. Runs in the audio callback.

Linkwitz-Riley filters of the eighth order: an octave beyond its edge a band has fallen by 48 dB,
and the three sum to a sound as loud at every frequency, whose phase is turned. Knows nothing of
what becomes of the bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rtsep.dsp.recursive import FRAME, HIGHEST, Numbers, Svf, drop_faint, frame_matrix
from rtsep.ring.ring import Audio

EDGES_HZ = (250.0, 2500.0)
_BUTTERWORTH = (0.5412, 1.3066)  # quality of the two sections of a fourth-order filter


class _Split:
    """Below and above an edge. Together they are an allpass of the fourth order."""

    def __init__(self, cutoff: float) -> None:
        self._low = [Svf(cutoff, q) for q in 2 * _BUTTERWORTH]
        self._whole = [Svf(cutoff, q) for q in _BUTTERWORTH]
        self.filters = [*self._low, *self._whole]

    def tick(self, x: Numbers) -> tuple[Numbers, Numbers]:
        low, whole = x, self.align(x)
        for one in self._low:
            low = one.tick(low).low
        return low, whole - low

    def align(self, x: Numbers) -> Numbers:
        """Turned as what both parts sum to."""
        for one in self._whole:
            x = one.tick(x).whole
        return x


class _ThreeBands:
    def __init__(self, cutoffs: Sequence[float]) -> None:
        self._first, self._second = map(_Split, cutoffs)
        self._aligned = _Split(cutoffs[1])
        self.filters = [
            *self._first.filters,
            *self._second.filters,
            *self._aligned.filters[-len(_BUTTERWORTH) :],
        ]

    def tick(self, x: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        low, rest = self._first.tick(x)
        mid, high = self._second.tick(rest)
        return self._aligned.align(low), mid, high


@lru_cache(maxsize=4)
def _matrix(rate: int) -> Numbers:
    return frame_matrix(_ThreeBands([min(edge / rate, HIGHEST) for edge in EDGES_HZ]))


class Crossover:
    """Splits several signals alike. Blocks of any sizes that follow one another give the same: a
    frame that is not full yet is worked out anew when more of it comes."""

    def __init__(self, signals: int, channels: int, rate: int, longest: int) -> None:
        """Blocks have at most `longest` samples."""
        self._matrix = _matrix(rate)
        rows, columns = self._matrix.shape
        bands, self._states = len(EDGES_HZ) + 1, rows - FRAME
        # of all signals: a frame's samples so far, and the state before them
        self._rows = np.zeros((signals * channels, rows))
        self._frame = self._rows.reshape(signals, channels, rows)
        self._result = np.zeros((signals * channels, columns))
        samples = self._result[:, : -self._states].reshape(signals, channels, bands, FRAME)
        self._samples = np.moveaxis(samples, 2, 0)
        self._bands: Audio = np.zeros((bands, signals, channels, longest), np.float32)
        self._filled = 0

    def reset(self, signal: int) -> None:
        """As if it had been silent before."""
        self._frame[signal] = 0

    def split(self, sound: Audio) -> Audio:
        """(signals, channels, n) to its bands from the lowest, (bands, signals, channels, n); valid
        until the next call."""
        count, done = sound.shape[2], 0
        while done < count:
            stop = min(done + FRAME - self._filled, count)
            until = self._filled + stop - done
            self._frame[..., self._filled : until] = sound[..., done:stop]
            np.matmul(self._rows, self._matrix, out=self._result)
            self._bands[..., done:stop] = self._samples[..., self._filled : until]
            done, self._filled = stop, until
            if until == FRAME:
                self._next_frame()
        return self._bands[..., :count]

    def _next_frame(self) -> None:
        state = self._result[:, -self._states :]
        drop_faint(state)
        self._rows[:, FRAME:] = state
        self._rows[:, :FRAME] = 0
        self._filled = 0
