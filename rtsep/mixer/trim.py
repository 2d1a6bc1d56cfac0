"""The level of the input, ahead of everything that hears it. Runs in the audio callback."""

from __future__ import annotations

import numpy as np

from rtsep.mixer.control import Control
from rtsep.mixer.faders import RAMP_SECONDS
from rtsep.mixer.ramps import Ramps
from rtsep.ring.ring import Audio


class Trim:
    """One gain, which follows its target without a click. At 0 dB sound passes bit by bit. It
    begins where the knob is."""

    def __init__(self, control: Control, sample_rate: int, longest: int) -> None:
        """Blocks have at most `longest` samples."""
        self._control = control
        self._target = np.zeros(1)
        self._ramps = Ramps(1, RAMP_SECONDS * sample_rate, longest)
        self._ramps.value[:] = control.trim

    def process(self, sound: Audio) -> Audio:
        """Turn (channels, n) up or down in place. Returns by how much: (1, n), or (1, 1) where the
        gain rests; valid until the next call."""
        self._target[:] = self._control.trim  # read once: it may change at any moment
        curve = self._ramps.advance(self._target, sound.shape[1])
        if curve.shape[1] > 1 or curve[0, 0] != 1:
            sound *= curve
        return curve
