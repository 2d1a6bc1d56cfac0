"""What happened in a session, as sentences for a person, each with its time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

KEPT = 200


class Events:
    """The newest of them. Any thread may add one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._texts: deque[str] = deque(maxlen=KEPT)

    def add(self, text: str) -> None:
        minutes, seconds = divmod(self._clock() - self._began, 60)
        with self._lock:
            self._texts.append(f"{minutes:02.0f}:{seconds:02.0f} {text}")

    @property
    def texts(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._texts)
