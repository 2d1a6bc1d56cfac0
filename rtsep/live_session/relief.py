"""Notices that an engine is late again and again, and not just once."""

from __future__ import annotations

import math
from collections import deque

MISSES = 3
PERIOD_SECONDS = 30.0
APART_SECONDS = 1.0  # misses that follow each other faster have one cause and count once


class Relief:
    """Some misses in a short time ask for cheaper steps. After that the count begins anew, so that
    a relief has time to show what it is worth before the next one."""

    def __init__(self, hop_seconds: float) -> None:
        self._recent: deque[bool] = deque(maxlen=math.ceil(PERIOD_SECONDS / hop_seconds))
        self._apart = math.ceil(APART_SECONDS / hop_seconds)
        self._since = self._apart  # hops since the last miss that counted

    def needed(self, missed: bool) -> bool:
        """To be asked after every hop."""
        counts = missed and self._since >= self._apart
        self._since = 1 if counts else self._since + 1
        self._recent.append(counts)
        if sum(self._recent) < MISSES:
            return False
        self._recent.clear()
        return True
