"""Collects what the processes of a session note, before it is overwritten."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

from rtsep.live_session.shared import Shared
from rtsep.ring.records import Records
from rtsep.timeline import Rows

MOST_ROWS = 1 << 20  # of each kind: the newest hour and a half of callbacks


class Notes:
    """Everything noted since the beginning, or the newest of it. To be asked to `collect` at least
    every ten seconds."""

    def __init__(self, shared: Shared) -> None:
        self.began = time.perf_counter()
        self.callbacks = _Column(shared.callbacks)
        self.hops = _Column(shared.hops)
        self.collections = _Column(shared.collections)
        self.wakings = _Column(shared.wakings)

    @property
    def lost(self) -> int:
        return sum(column.lost for column in self._columns)

    def collect(self) -> None:
        for column in self._columns:
            column.collect()

    @property
    def _columns(self) -> tuple[_Column, ...]:
        return self.callbacks, self.hops, self.collections, self.wakings


class _Column:
    """One kind of rows."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._next = records.head
        self._pieces: deque[Rows] = deque()
        self._count = 0
        self.lost = 0

    def collect(self) -> None:
        rows, lost = self._records.read(self._next)
        self._next += lost + len(rows)
        self._pieces.append(rows)
        self._count += len(rows)
        while self._count - len(self._pieces[0]) > MOST_ROWS:
            gone = len(self._pieces.popleft())
            self._count -= gone
            lost += gone
        self.lost += lost

    @property
    def rows(self) -> Rows:
        return np.concatenate([self._records.read(self._next)[0][:0], *self._pieces])
