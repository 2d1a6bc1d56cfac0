"""Notes what keeps the engine's Python code from running: garbage collection, and other threads."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

from rtsep.ring.records import Records

PERIOD_SECONDS = 0.1  # often enough to meet a pause that lasts, too seldom to be one


def watch_pauses(collections: Records, wakings: Records) -> None:
    """From now on, for the life of the process: every collection, and by how much a thread that
    sleeps all the time is woken too late. It needs a processor and the interpreter, as the engine
    does when a call of PyTorch returns."""
    gc.callbacks.append(_Collections(collections))
    threading.Thread(target=_sleep_and_note, args=(wakings,), daemon=True).start()


class _Collections:
    """A callback of the garbage collector."""

    def __init__(self, rows: Records) -> None:
        self._rows = rows
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._rows.add(self._began, time.perf_counter() - self._began)


def _sleep_and_note(rows: Records) -> None:
    while True:
        due = time.perf_counter() + PERIOD_SECONDS
        time.sleep(PERIOD_SECONDS)
        rows.add(due, time.perf_counter() - due)
