"""What happened in a session, as sentences for a person, each with the time that was shown then."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from rtsep.control.text import clock

KEPT = 200


class Events:
    """The newest of them. Any thread may add one."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is the time of the session."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._texts: deque[str] = deque(maxlen=KEPT)

    def add(self, text: str) -> None:
        with self._lock:
            self._texts.append(f"{clock(self._seconds())} {text}")

    @property
    def texts(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._texts)
