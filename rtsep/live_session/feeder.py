"""A file, or the demo song, as the input of a live session: read ahead, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from rtsep.live_session.shared import Counters
from rtsep.ring.ring import Audio, Ring

BLOCK = 4096
AHEAD_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


class Feeder:
    """Keeps the feed ring filled ahead of what has been played."""

    def __init__(
        self,
        blocks: Iterator[Audio],
        ring: Ring,
        counters: Counters,
        rate: int,
    ) -> None:
        """`blocks` are (channels, n), n up to BLOCK, at the session's rate."""
        self._blocks = blocks
        self._ring = ring
        self._counters = counters
        self._ahead = int(AHEAD_SECONDS * rate)
        self._ended = threading.Event()
        self._fill()  # before anything is played
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS) and not self._counters.feed_ended[0]:
            self._fill()

    def _fill(self) -> None:
        while self._ring.head - int(self._counters.feed_position[0]) < self._ahead:
            block = next(self._blocks, None)
            if block is None:
                self._counters.feed_ended[0] = True
                return
            self._ring.write(block)
