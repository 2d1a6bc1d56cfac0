"""Stems under gains, as one sound. Runs in the audio callback; knows nothing of faders."""

from __future__ import annotations

import numpy as np

from rtsep.ring.ring import Audio


class WeightedSum:
    """As loud as the quietest stem the whole at once, and of each stem what it is louder.

    That is the weighted sum, since the stems sum to the base; but what all stems share is not taken
    apart and put together again, so that equal gains null.
    """

    def __init__(self, stems: int, channels: int, longest: int) -> None:
        """Blocks have at most `longest` samples."""
        self._weights: Audio = np.empty((stems, longest), np.float32)
        self._least: Audio = np.empty(longest, np.float32)
        self._scratch: Audio = np.empty((channels, longest), np.float32)

    def write(self, stems: Audio, base: Audio, gains: Audio, out: Audio) -> None:
        """Stems (stems, channels, n), the base and the sum (channels, n), gains (stems, n), or
        (stems, 1) where all rest."""
        weights, least = self._weights[:, : gains.shape[1]], self._least[: gains.shape[1]]
        np.minimum.reduce(gains, out=least)
        np.subtract(gains, least, out=weights)
        np.multiply(base, least, out=out)
        scratch = self._scratch[:, : out.shape[1]]
        for index in np.flatnonzero(weights.any(1)):
            np.multiply(stems[index], weights[index], out=scratch)
            out += scratch
