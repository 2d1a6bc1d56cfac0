"""A ring of audio with one writer and any number of readers, addressed by absolute position.

A position is a sample's number since the beginning of the session; the numbers are the sequence by
which late, lost and overwritten audio is known. The writer never waits; a reader asks for positions
and learns which of them it got. Knows nothing of processes: the arrays may lie in shared memory.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from rtsep.ring.arena import Arena

Audio = np.ndarray[Any, np.dtype[np.float32]]

_HEAD, _SINCE, _CLAIMED = 0, 1, 2


def fence() -> None:
    """Let other processes see what was written before no later than what is written afterwards.

    x86 does so by itself. On ARM a release of a lock, followed by an acquire, forbids the processor
    to reorder; nobody else knows this lock, so it never blocks.
    """
    lock = threading.Lock()
    lock.acquire()
    lock.release()
    lock.acquire()


class Ring:
    """The newest `capacity` samples of one signal with `channels` channels.

    Readable are the positions from `since`, or from `head - capacity` if that is later, up to
    `head`. `since` moves when the writer leaves a gap. Before it writes, it claims the positions up
    to its next head, so that readers know what it is overwriting.
    """

    def __init__(self, arena: Arena, channels: int, capacity: int) -> None:
        self.channels = channels
        self.capacity = capacity
        self._data: Audio = arena.take((channels, capacity), np.float32)
        self._marks = arena.take(3, np.int64)

    @property
    def head(self) -> int:
        """The position that is written next."""
        return int(self._marks[_HEAD])

    @property
    def since(self) -> int:
        """Where the newest stretch without a gap began."""
        return int(self._marks[_SINCE])

    def write(self, block: Audio) -> None:
        """Append (channels, n), n up to the capacity."""
        head = self.head
        self._marks[_CLAIMED] = head + block.shape[1]
        fence()
        _copy(block, self._data, 0, head % self.capacity, block.shape[1])
        fence()
        self._marks[_HEAD] = head + block.shape[1]

    def skip_to(self, position: int) -> None:
        """Leave a gap: the next block is written at `position`, not before the head."""
        self._marks[_SINCE] = position
        self._marks[_CLAIMED] = position
        fence()
        self._marks[_HEAD] = position

    def readable(self) -> tuple[int, int]:
        """First position that can be read, and the one after the last."""
        # The head before `since`: a gap that opens meanwhile then hides audio instead of showing it
        # where there is none.
        head = self.head
        fence()
        return max(self.since, self._oldest()), head

    def read_into(self, position: int, out: Audio) -> tuple[int, int]:
        """Fill (channels, n) with the positions from `position`; what cannot be read becomes zero.

        Returns which part of `out` was filled, as start and stop: equal when there was nothing.
        """
        count = out.shape[1]
        first, head = self.readable()
        start = min(max(first - position, 0), count)
        stop = max(min(head - position, count), start)
        out[:, :start] = 0
        out[:, stop:] = 0
        _copy(self._data, out, (position + start) % self.capacity, start, stop - start)
        fence()
        lapped = min(max(self._oldest() - position, 0), stop)
        if lapped > start:  # the writer came round while this was copied
            out[:, :lapped] = 0
            start = lapped
        return start, stop

    def _oldest(self) -> int:
        """The first position that is neither overwritten nor about to be."""
        return int(self._marks[_CLAIMED]) - self.capacity


def _copy(source: Audio, target: Audio, start: int, to: int, count: int) -> None:
    """Copy `count` samples; either array may be the ring, whose end its beginning follows."""
    while count > 0:
        piece = min(count, source.shape[1] - start, target.shape[1] - to)
        target[:, to : to + piece] = source[:, start : start + piece]
        start, to, count = (
            (start + piece) % source.shape[1],
            (to + piece) % target.shape[1],
            (count - piece),
        )
