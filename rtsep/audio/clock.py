"""A device without hardware: calls at the pace of a sound card, hears and plays nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Calls `process(count)` for every `blocksize` samples, as `rate` of them pass in a second.

    A call that comes late is made up for by the next ones, so that no time is lost.
    """

    def __init__(self, rate: int, blocksize: int) -> None:
        self.rate = rate
        self.blocksize = blocksize
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, process: Callable[[int], None]) -> None:
        """Call from a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._run, args=(process,), daemon=True)
        self._thread.start()

    @property
    def active(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Returns when the last call has returned."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, process: Callable[[int], None]) -> None:
        due = time.perf_counter()
        while not self._ended.is_set():
            due += self.blocksize / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            process(self.blocksize)
