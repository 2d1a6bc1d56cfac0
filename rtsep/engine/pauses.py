"""Notes what keeps the engine's Python code from running: garbage collection, and other threads."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rtsep.ring.records import Records

PERIOD_SECONDS = 0.1  # often enough to meet a pause that lasts, too seldom to be one


@contextmanager
def watched_pauses(collections: Records, wakings: Records) -> Iterator[None]:
    """Meanwhile, every collection, and by how much a thread that sleeps all the time is woken too
    late. It needs a processor and the interpreter, as the engine does when a call of PyTorch
    returns."""
    collector = _Collector(collections)
    ended = threading.Event()
    sleeper = threading.Thread(target=_sleep_and_note, args=(wakings, ended), daemon=True)
    gc.callbacks.append(collector)
    sleeper.start()
    try:
        yield
    finally:
        gc.callbacks.remove(collector)
        ended.set()
        sleeper.join()


class _Collector:
    """A callback of the garbage collector."""

    def __init__(self, rows: Records) -> None:
        self._rows = rows
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._rows.add(self._began, time.perf_counter() - self._began)


def _sleep_and_note(rows: Records, ended: threading.Event) -> None:
    due = time.perf_counter() + PERIOD_SECONDS
    while not ended.wait(PERIOD_SECONDS):
        rows.add(due, time.perf_counter() - due)
        due = time.perf_counter() + PERIOD_SECONDS
