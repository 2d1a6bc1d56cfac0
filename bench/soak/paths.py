"""Which of a session's two paths is heard, sample by sample: a model of what a change does."""

from __future__ import annotations

import numpy as np

from bench.soak.model import Array

FULL, INSTANT = 0, 1
FADE = 1024  # samples from one path to the other


class Paths:
    """A process begins on the full path; one change is over before the next begins."""

    def __init__(self) -> None:
        self.path = FULL  # that is heard, or faded to
        self._left = 0  # samples of a fade that are still to come

    def restart(self) -> None:
        self.path, self._left = FULL, 0

    def play(self, parts: list[range], wanted: int) -> tuple[Array, set[int]]:
        """How much of the full path is in each sample of a block, and which paths are in it."""
        heard: set[int] = set()
        shares = [self._part(len(part), wanted, heard) for part in parts]
        return np.concatenate(shares), heard

    def _part(self, count: int, wanted: int, heard: set[int]) -> Array:
        if wanted != self.path and not self._left:
            self.path, self._left = wanted, FADE
        heard.update((FULL, INSTANT) if self._left else (self.path,))
        before = np.maximum(np.arange(self._left, self._left - count, -1, dtype=np.float32), 0)
        before /= np.float32(FADE + 1)
        self._left = max(self._left - count, 0)
        return before if self.path == INSTANT else 1 - before
