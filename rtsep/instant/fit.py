"""What a frame is made of, if it is made of what its neighbours' stems were made of.

The magnitudes of each stem of each neighbour are an atom; multiplicative updates (Lee and Seung,
2000, for the Kullback-Leibler divergence) find how much of each there is in the frame. Atoms of
neighbours that are farther away cost more. What the atoms of a stem explain of each band is its
share.
"""

from __future__ import annotations

import numpy as np

from rtsep.instant.spectra import Array

TINY = np.float32(1e-6)  # keeps silent bands from dividing by zero
FAR_COSTS = np.float32(0.3)  # more, at the mean distance of the neighbours
LEAST_SHARE = np.float32(1e-4)  # of what all explain, that each stem has of every band


class Fit:
    """For at most `neighbours` of (stems, width) each. Owns its buffers."""

    def __init__(self, neighbours: int, stems: int, width: int, updates: int) -> None:
        self._stems, self._updates = stems, updates
        self.quality = 0.0  # how much of the last frame was explained, from 0 to 1
        self.atoms: Array = np.zeros((neighbours, stems, width), np.float32)  # for the caller
        self._amounts: Array = np.zeros(neighbours * stems, np.float32)
        self._gains: Array = np.zeros(neighbours * stems, np.float32)
        self._explained: Array = np.zeros(width, np.float32)
        self._shares: Array = np.zeros((stems, width), np.float32)

    def shares(self, magnitudes: Array, distances: Array) -> Array:
        """(stems, width) that sum to one over the stems, valid until the next call.

        As many of the first `atoms` as there are distances are taken, and altered.
        """
        self._shares[...] = 0
        self.quality = 0.0
        if len(distances):
            self._explain(magnitudes, distances)
        total = self._shares.sum(0)
        self._shares += LEAST_SHARE * total + TINY
        self._shares /= self._shares.sum(0)
        return self._shares

    def _explain(self, magnitudes: Array, distances: Array) -> None:
        count = len(distances)
        atoms = self.atoms[:count].reshape(count * self._stems, -1)
        atoms += TINY
        amounts, gains = self._amounts[: len(atoms)], self._gains[: len(atoms)]
        totals = atoms.sum(1)
        amounts[...] = magnitudes.sum() / totals.sum()
        cost = 1 + FAR_COSTS * distances / (distances.mean() + TINY)
        totals *= np.repeat(cost, self._stems)
        for _ in range(self._updates):
            np.dot(amounts, atoms, out=self._explained)
            np.divide(magnitudes, self._explained + TINY, out=self._explained)
            np.dot(atoms, self._explained, out=gains)
            amounts *= gains
            amounts /= totals
        np.dot(amounts, atoms, out=self._explained)
        heard = float(magnitudes.sum())
        missed = float(np.abs(self._explained - magnitudes).sum())
        self.quality = max(1 - missed / heard, 0.0) if heard > 0 else 0.0
        np.einsum("ks,ksb->sb", amounts.reshape(count, -1), self.atoms[:count], out=self._shares)
