"""What the song has been made of so far: keys of frames, and the spectra of their stems.

Arrays of a fixed size. What comes when they are full takes the place of the frame that was of no
use for the longest time, so a search costs the same after an hour as after three minutes. Knows
nothing of audio; a moment is a number of whoever asks.
"""

from __future__ import annotations

import numpy as np

from rtsep.instant.spectra import Array

LOUDEST = 60_000.0  # that half precision holds
NEWEST = 12  # frames that are always asked too: what sounds now often sounded just before


class Memory:
    def __init__(self, capacity: int, key_size: int, spectrum_shape: tuple[int, ...]) -> None:
        self._keys: Array = np.zeros((capacity, key_size), np.float32)
        self._energies: Array = np.zeros(capacity, np.float32)  # half of the keys' squares
        self._spectra: Array = np.zeros((capacity, *spectrum_shape), np.float16)
        self._used: Array = np.zeros(capacity, np.int64)  # when a frame was written, or of use
        self._scores: Array = np.zeros(capacity, np.float32)
        self._newest: Array = np.zeros(NEWEST, np.intp)  # slots of what was written last
        self._written = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def capacity(self) -> int:
        return len(self._keys)

    @property
    def key_size(self) -> int:
        return int(self._keys.shape[1])

    @property
    def nbytes(self) -> int:
        arrays = (self._keys, self._energies, self._spectra, self._used, self._scores)
        return sum(array.nbytes for array in arrays)

    def write(self, key: Array, spectra: Array, moment: int) -> None:
        slot = self._free_slot()
        self._keys[slot] = key
        self._energies[slot] = np.dot(key, key) / 2
        np.minimum(spectra, LOUDEST, out=self._spectra[slot], casting="same_kind")
        self._used[slot] = moment
        self._newest[self._written % NEWEST] = slot
        self._written += 1

    def nearest(self, key: Array, count: int, moment: int) -> tuple[Array, Array]:
        """Slots of the `count` frames nearest to `key` and of the NEWEST, fewer if there are no
        more, and their squared distances. The nearest are of use at this moment."""
        count = min(count, self._count)
        if count == 0:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        scores = self._scores[: self._count]
        np.dot(self._keys[: self._count], key, out=scores)
        np.subtract(self._energies[: self._count], scores, out=scores)
        near = np.argpartition(scores, count - 1)[:count]
        self._used[near] = moment
        slots = np.union1d(near, self._newest[: self._written])
        return slots, np.maximum(2 * scores[slots] + np.dot(key, key), 0)

    def read(self, slots: Array, out: Array) -> None:
        """Their spectra into (slots, ...)."""
        out[...] = self._spectra[slots]

    def reset(self) -> None:
        self._count = self._written = 0

    def _free_slot(self) -> int:
        if self._count == self.capacity:
            return int(np.argmin(self._used))
        self._count += 1
        return self._count - 1
