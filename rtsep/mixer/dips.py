"""Input and output that come to silence, and back, while something is changed behind them. Runs in
the audio callback; knows nothing of what is changed."""

from __future__ import annotations

import numpy as np

from rtsep.mixer.faders import RAMP_SECONDS
from rtsep.mixer.ramps import Ramps
from rtsep.ring.ring import Audio

IN, OUT = 0, 1


class Dips:
    """A gain for what comes in and one for what goes out, outside of everything that is recorded.
    Where both rest at 1, nothing is touched."""

    def __init__(self, sample_rate: int, longest: int, *, hears: bool = True) -> None:
        """Blocks have at most `longest` samples. Without `hears` the input fades in."""
        self._ramps = Ramps(2, RAMP_SECONDS * sample_rate, longest)
        self._ramps.value[:] = (hears, 1.0)
        self._target = np.ones(2)
        self._curves: Audio = np.ones((2, 1), np.float32)

    def aim(self, *, hears: bool, plays: bool) -> None:
        """From the next block on, towards full level or silence. Any thread may call."""
        self._target = np.array([hears, plays], np.float64)

    @property
    def arrived(self) -> bool:
        return bool(np.array_equal(self._ramps.value, self._target))

    def advance(self, count: int) -> None:
        """To be called at the beginning of a block."""
        self._curves = self._ramps.advance(self._target, count)

    def apply(self, lane: int, audio: Audio) -> None:
        """IN or OUT of this block, (any, n), in place."""
        curve = self._curves[lane]
        if len(curve) > 1 or curve[0] != 1:
            audio *= curve
