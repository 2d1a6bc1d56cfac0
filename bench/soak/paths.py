"""Which of a session's two paths is heard, sample by sample: a model of what a change does."""

from __future__ import annotations

import numpy as np

from bench.soak.model import Array

FULL, INSTANT = 0, 1
FADE = 1024  # samples from one path to the other


class Paths:
    """A process begins on the full path; one change is over before the next begins."""

    def __init__(self, delays: tuple[int, int]) -> None:
        self._delays = delays
        self._frames = 0
        self._path = FULL  # that is heard, or faded to
        self._left = 0  # samples of a fade that are still to come
        self.taped = 0  # position up to which there is a tape; nothing comes on it twice

    def restart(self) -> None:
        self._path, self._left = FULL, 0

    def play(self, parts: list[range], wanted: int) -> tuple[Array, set[int]]:
        """How much of the full path is in each sample of a block, and which paths are in it."""
        heard: set[int] = set()
        shares = [self._part(len(part), wanted, heard) for part in parts]
        return np.concatenate(shares), heard

    def _part(self, count: int, wanted: int, heard: set[int]) -> Array:
        if wanted != self._path and not self._left:
            self._path, self._left = wanted, FADE
        heard.update((FULL, INSTANT) if self._left else (self._path,))
        before = np.maximum(np.arange(self._left, self._left - count, -1, dtype=np.float32), 0)
        before /= np.float32(FADE + 1)
        self._left = max(self._left - count, 0)
        self._frames += count
        self.taped = max(self.taped, self._frames - self._delays[self._path])
        return before if self._path == INSTANT else 1 - before
