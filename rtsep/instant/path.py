"""The instant path of one signal: a hop of sound in, the stems of the hop before it out.

What the stems are like it knows from late stems, which somebody hands to it as they come; from
whom, and why they are late, it does not know.
"""

from __future__ import annotations

import numpy as np

from rtsep.instant.bands import Keys, band_edges, band_widths, magnitudes
from rtsep.instant.fit import Fit
from rtsep.instant.learning import Learner
from rtsep.instant.memory import NEWEST, Memory
from rtsep.instant.settings import InstantSettings
from rtsep.instant.spectra import BINS, Analysis, Array, Synthesis

RESOLUTION = 256  # bands of the masks


class InstantPath:
    """All state is in here, none of it grows. One thread calls both `process` and `learn`."""

    def __init__(self, settings: InstantSettings) -> None:
        self.settings = settings
        parts = 2 if settings.channels == 2 else 1  # mid and side, or all as one
        self._edges = band_edges(RESOLUTION)
        self._widths = band_widths(self._edges)
        stems, channels, hop = settings.stems, settings.channels, settings.hop
        self._keys = Keys(parts)
        width = parts * RESOLUTION
        self._fit = Fit(settings.neighbours + NEWEST, stems, width, settings.updates)
        self.memory = Memory(settings.capacity, self._keys.size, (stems, width))
        self._learner = Learner(settings, self._keys.size, self._edges, self.memory)
        self._analysis = Analysis((channels,), hop)
        self._synthesis = Synthesis((stems, channels), hop)
        self._bins: Array = np.zeros((stems, channels, BINS), np.complex64)
        self._frame = 0  # the next one; it ends with the hop that comes next

    @property
    def position(self) -> int:
        """Samples that have come."""
        return self._frame * self.settings.hop

    @property
    def latency_samples(self) -> int:
        """From a sample to its stems: one hop to collect, and the hop that `process` is behind."""
        return self.settings.latency_samples

    def process(self, block: Array) -> Array:
        """(channels, hop) -> stems (stems, channels, hop) of the hop before, valid until the next
        call. All stems sum to it. What is not finite counts as silence.
        """
        spectrum = self._analysis.step(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0))
        parts = magnitudes(spectrum)
        key = self._keys.step(parts)
        self._learner.remember(self._frame, key)
        slots, distances = self.memory.nearest(key, self.settings.neighbours, self._frame)
        self.memory.read(slots, self._fit.atoms[: len(slots)])
        heard = np.add.reduceat(parts, self._edges, axis=-1).reshape(-1)
        shares = self._fit.shares(heard, distances)
        self._frame += 1
        return self._synthesis.step(self._divided(spectrum, shares))

    def learn(self, position: int, stems: Array) -> None:
        """Late stems (stems, channels, n) of the samples from `position` on.

        After a gap, or anything that is not finite, it learns on from there. What is older than
        what is remembered of the sound is of no use and passed over.
        """
        self._learner.learn(position, stems)

    @property
    def fit(self) -> float:
        """How much of the last frame its neighbours explain, from 0 to 1."""
        return self._fit.quality

    def go_to(self, position: int) -> None:
        """The hop that comes next begins at `position`, a multiple of the hop, as if silence had
        come before. What is known of the song stays."""
        for part in (self._analysis, self._synthesis, self._keys):
            part.reset()
        self._frame = position // self.settings.hop
        self._learner.go_to(self._frame)

    def warm_up(self) -> None:
        """Take a few hops, and forget them: the first in a process takes many times as long."""
        settings = self.settings
        sound = np.full((settings.stems, settings.channels, settings.hop), 0.1, np.float32)
        for number in range(4):
            self.process(sound.sum(0))
            self.learn(number * settings.hop, sound)
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new path."""
        for part in (self._analysis, self._synthesis, self._keys, self._learner, self.memory):
            part.reset()
        self._frame = 0

    def _divided(self, spectrum: Array, shares: Array) -> Array:
        """(channels, BINS) by (stems, bands) -> (stems, channels, BINS)."""
        masks = np.repeat(shares.reshape(len(shares), -1, RESOLUTION), self._widths, axis=-1)
        if masks.shape[1] == 1:
            np.multiply(masks, spectrum, out=self._bins)
            return self._bins
        left, right = spectrum
        mid = masks[:, 0] * ((left + right) / 2)
        side = masks[:, 1] * ((left - right) / 2)
        np.add(mid, side, out=self._bins[:, 0])
        np.subtract(mid, side, out=self._bins[:, 1])
        return self._bins
