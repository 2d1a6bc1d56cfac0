"""Gains that follow their targets without a click."""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.ring.ring import Audio

SNAP = 1e-5  # closer than this is there; -100 dB cannot be heard as a step


class Ramps:
    """Several gains, each falling exponentially towards its target.

    A gain's state is one number, so blocks of any sizes give the same curve. Knows nothing of what
    the gains are for.
    """

    def __init__(self, lanes: int, time_constant: float, longest: int) -> None:
        """`time_constant` and the `longest` block are in samples. All gains begin at 0."""
        self.value = np.zeros(lanes)
        self._decay = np.exp(-np.arange(1, longest + 1) / time_constant)
        self._away = np.empty((lanes, longest))
        self._distance = np.empty((lanes, longest))
        self._curves: Audio = np.empty((lanes, longest), np.float32)

    def advance(self, target: np.ndarray[Any, Any], count: int) -> Audio:
        """The next `count` samples of every gain: (lanes, count), or (lanes, 1) where all rest.

        Valid until the next call.
        """
        if count == 0 or np.array_equal(self.value, target):
            self._curves[:, 0] = self.value
            return self._curves[:, :1]
        away, distance = self._away[:, :count], self._distance[:, :count]
        np.multiply((self.value - target)[:, None], self._decay[:count], out=away)
        np.abs(away, out=distance)
        np.copyto(away, 0.0, where=distance < SNAP)
        away += target[:, None]
        self.value[:] = away[:, -1]
        curves = self._curves[:, :count]
        curves[...] = away
        return curves
