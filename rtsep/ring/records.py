"""A ring of rows with one writer and any number of readers: what happened, as it happens."""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.ring.arena import Arena
from rtsep.ring.ring import fence

Rows = np.ndarray[Any, np.dtype[np.void]]

_HEAD, _CLAIMED = 0, 1


class Records:
    """The newest `capacity` rows. The writer never waits and allocates nothing that stays; a reader
    that comes too seldom learns how many rows it has missed."""

    def __init__(self, arena: Arena, kind: np.dtype[np.void], capacity: int) -> None:
        self._rows: Rows = arena.take(capacity * kind.itemsize, np.uint8).view(kind)
        self._marks = arena.take(2, np.int64)

    @property
    def head(self) -> int:
        """The number of the row that is written next."""
        return int(self._marks[_HEAD])

    def add(self, *row: Any) -> None:
        """A value for each column."""
        head = self.head
        self._marks[_CLAIMED] = head + 1
        fence()
        self._rows[head % len(self._rows)] = row
        fence()
        self._marks[_HEAD] = head + 1

    def read(self, number: int) -> tuple[Rows, int]:
        """The rows from `number` on, as a copy, and how many of them were overwritten before."""
        head = self.head
        fence()
        first = max(number, self._oldest())
        rows = self._rows[np.arange(first, max(head, first)) % len(self._rows)]
        fence()
        lapped = max(self._oldest() - first, 0)  # overwritten while this was copied
        return rows[lapped:], first + min(lapped, len(rows)) - number

    def _oldest(self) -> int:
        return int(self._marks[_CLAIMED]) - len(self._rows)
