"""From late stems to memory: finds the frame of the sound that each frame of stems belongs to."""

from __future__ import annotations

import numpy as np

from rtsep.instant.bands import magnitudes
from rtsep.instant.memory import Memory
from rtsep.instant.settings import WINDOW, InstantSettings
from rtsep.instant.spectra import Analysis, Array

LATEST_SECONDS = 4.0  # that stems may be late; the keys of the sound are kept for so long
FAINT = 1e-2  # sum of a frame's magnitudes that is not worth a place; full scale is about 1e5


class Learner:
    """Cuts late stems into the same frames as the sound, and writes them beside its keys."""

    def __init__(
        self, settings: InstantSettings, key_size: int, edges: Array, memory: Memory
    ) -> None:
        hop, shape = settings.hop, (settings.stems, settings.channels)
        kept = round(LATEST_SECONDS * settings.sample_rate / hop)
        self._hop = hop
        self._keys: Array = np.zeros((kept, key_size), np.float32)
        self._edges = edges
        self._memory = memory
        self._analysis = Analysis(shape, hop)
        self._block: Array = np.zeros((*shape, hop), np.float32)
        self.reset()

    def remember(self, frame: int, key: Array) -> None:
        """What the sound of a frame is known by. Frames come one after the other."""
        self._keys[frame % len(self._keys)] = key
        self._newest = frame

    def go_to(self, frame: int) -> None:
        """The frame that comes next is not the one after the last; those between have no key, nor
        do those whose window reaches back that far."""
        self._newest, self._first = frame - 1, frame + WINDOW // self._hop

    def learn(self, position: int, stems: Array) -> None:
        """As `InstantPath.learn`."""
        if position != self._position:
            self._go_to(position)
        done, count = 0, stems.shape[-1]
        while done < count:
            at = self._position % self._hop
            step = min(self._hop - at, count - done)
            self._block[..., at : at + step] = stems[..., done : done + step]
            done += step
            self._position += step
            if self._position % self._hop == 0:
                self._take(self._position // self._hop - 1)

    def reset(self) -> None:
        self._position = 0  # of what comes next
        self._sound_from = 0  # where all of the stems began to be known; before 0 is silence
        self._newest, self._first = -1, 0
        self._analysis.reset()
        self._block[...] = 0

    def _go_to(self, position: int) -> None:
        self._position = self._sound_from = position
        self._analysis.reset()
        self._block[...] = 0

    def _take(self, frame: int) -> None:
        if not np.isfinite(self._block).all():
            self._go_to(self._position)
            return
        spectra = self._analysis.step(self._block)
        whole = self._sound_from == 0 or self._position - self._sound_from >= WINDOW
        oldest = max(self._newest - len(self._keys) + 1, self._first)
        if not whole or not oldest <= frame <= self._newest:
            return
        bands = np.add.reduceat(magnitudes(spectra), self._edges, axis=-1)
        if bands.sum() > FAINT:
            key = self._keys[frame % len(self._keys)]
            self._memory.write(key, bands.reshape(len(bands), -1), self._newest)
