"""Plays a signal once at a device's callback, and keeps what passes there meanwhile.

One side is in the callback and only copies; the other arms it and takes the result, from another
thread or, over shared memory, from another process. Knows nothing of what is played.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.ring.arena import ALIGNMENT, Arena
from rtsep.ring.ring import Audio, fence

PLAYED = 2  # rows
_AT, _LENGTH, _CLOCK, _START = range(4)


class Probe:
    """`rows` rows are kept, of as many samples as fit into `memory`."""

    def __init__(self, memory: Any, rows: int) -> None:
        """`memory` is zeroed bytes; both sides give the same."""
        arena = Arena(memory)
        marks = arena.take(4, np.int64)
        spare = memoryview(memory).nbytes - 3 * ALIGNMENT
        self.capacity = max(spare // (4 * (rows + PLAYED)), 0)
        self._marks = marks
        self._signal: Audio = arena.take((PLAYED, self.capacity), np.float32)
        self._kept: Audio = arena.take((rows, self.capacity), np.float32)

    # in the callback

    def exchange(self, pieces: tuple[Audio, ...], played: Audio) -> None:
        """Keep `pieces`, together (rows, n), and fill `played` (2 or more, n): the signal on its
        first two rows while there is some, silence otherwise."""
        marks, count = self._marks, played.shape[1]
        at = int(marks[_AT])
        piece = min(count, int(marks[_LENGTH]) - at)
        played[...] = 0
        if piece > 0:
            if at == 0:
                marks[_START] = marks[_CLOCK]
            played[:PLAYED, :piece] = self._signal[:, at : at + piece]
            row = 0
            for kept in pieces:
                self._kept[row : row + len(kept), at : at + piece] = kept[:, :piece]
                row += len(kept)
            fence()
            marks[_AT] = at + piece
        marks[_CLOCK] += count

    # outside

    @property
    def clock(self) -> int:
        """Samples that have passed the callback."""
        return int(self._marks[_CLOCK])

    def arm(self, signal: Audio) -> None:
        """Let (2, n) be played from the next block on, n up to the capacity."""
        count = signal.shape[1]
        self._signal[:, :count] = signal
        self._marks[_AT] = 0
        fence()
        self._marks[_LENGTH] = count

    @property
    def done(self) -> bool:
        return bool(self._marks[_AT] == self._marks[_LENGTH])

    def take(self) -> tuple[Audio, int]:
        """What was kept, (rows, n), sample for sample what came while the signal was played, and
        by the clock the number of its first sample. When `done`; then it is idle."""
        fence()
        count = int(self._marks[_LENGTH])
        kept, start = self._kept[:, :count].copy(), int(self._marks[_START])
        self._marks[_LENGTH] = 0
        self._marks[_AT] = 0
        return kept, start
