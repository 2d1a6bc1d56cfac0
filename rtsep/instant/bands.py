"""Bands of bins that are one bin wide below and wider above, and what they say of a frame.

A key is what a frame is known by: the log energies of mid and side, in 90 bands of this frame and
the three before, with half of their mean taken away, so that a quiet repeat is still near. Of their
cosine transform along bands and time the first coefficients are kept: distances stay nearly what
they were at an eighth of the numbers.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rtsep.instant.spectra import BINS, Array

BANDS = 90
FRAMES = 4  # of a key: this one and the ones before
LEVEL = 0.5  # part of the mean that is taken away
BAND_COEFFICIENTS, FRAME_COEFFICIENTS = 24, 2
FAINT = 1e-3  # energy of a band that counts as none; full scale is about 1e5


def band_edges(count: int) -> Array:
    """First bins of `count` bands of all BINS, whose widths grow by a constant factor."""
    low, high = 1e-4, 1.0
    for _ in range(60):
        growth = (low * high) ** 0.5
        edges = [0.0]
        for _ in range(count):
            edges.append(edges[-1] + max(1.0, growth * edges[-1]))
        low, high = (low, growth) if edges[-1] > BINS else (growth, high)
    return np.round(edges[:-1]).astype(np.intp)


def band_widths(edges: Array) -> Array:
    return np.array([b - a for a, b in pairwise([*edges, BINS])], np.intp)


def magnitudes(spectrum: Array) -> Array:
    """(..., 2, BINS) -> those of mid and side, (..., 2, BINS).

    Other numbers of channels count as one, (..., 1, BINS): the root of their summed power.
    """
    channels = spectrum.shape[-2]
    if channels == 2:
        turned = np.stack(
            (spectrum[..., 0, :] + spectrum[..., 1, :], spectrum[..., 0, :] - spectrum[..., 1, :]),
            -2,
        )
        found: Array = np.abs(turned) * np.float32(0.5**0.5)
    else:
        found = np.sqrt((np.abs(spectrum) ** 2).sum(-2, keepdims=True))
    return found


class Keys:
    """Makes the key of each frame that comes; remembers the frames before."""

    def __init__(self, parts: int) -> None:
        """`parts` of a frame are described apart: mid and side."""
        self.size = parts * BAND_COEFFICIENTS * FRAME_COEFFICIENTS
        self._edges = band_edges(BANDS)
        self._bands = cosines(BANDS, BAND_COEFFICIENTS)
        self._frames = cosines(FRAMES, FRAME_COEFFICIENTS)
        self._recent: Array = np.zeros((FRAMES, parts, BANDS), np.float32)  # the newest is first
        self.reset()

    def step(self, spectra: Array) -> Array:
        """Magnitudes (parts, BINS) -> (size,)."""
        energies = np.add.reduceat(spectra * spectra, self._edges, axis=-1)
        self._recent[1:] = self._recent[:-1].copy()
        np.log(energies + np.float32(FAINT), out=self._recent[0])
        shape = self._recent - LEVEL * self._recent.mean()
        along_time = np.tensordot(self._frames, shape, (0, 0))
        key: Array = (along_time @ self._bands).reshape(-1)
        return key

    def reset(self) -> None:
        self._recent[...] = np.log(FAINT)


def cosines(length: int, count: int) -> Array:
    """The first `count` vectors of an orthonormal cosine transform, (length, count)."""
    places = np.arange(length)[:, None] + 0.5
    basis = np.cos(np.pi * places * np.arange(count) / length) * (2 / length) ** 0.5
    basis[:, 0] *= 0.5**0.5
    found: Array = basis.astype(np.float32)
    return found
