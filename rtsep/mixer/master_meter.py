"""Loudness and true peak of what is heard, measured in the main process, away from the callback.

It reads the tape, which holds some seconds: whatever keeps this process busy, nothing is missed,
and the callback waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from rtsep.dsp.programme import ProgrammeMeter
from rtsep.ring.ring import Ring
from rtsep.status import Loudness

_PAUSE_SECONDS = 0.05  # twice as often as EBU Tech 3341 wants a live meter to move
_PIECE = 1 << 14  # samples measured at once


class MasterMeter:
    """Of one session, in a thread from `start` to `close`."""

    def __init__(self, tape: Ring, rows: slice, rate: int, resets: Callable[[], int]) -> None:
        """The `rows` of the tape are those of the mix. Begins anew whenever there were more
        `resets`."""
        self.loudness = Loudness()
        self._tape, self._rows = tape, rows
        self._meter = ProgrammeMeter(rate, (1.0,) * len(range(tape.channels)[rows]))
        self._resets, self._known = resets, resets()
        self._position = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loudness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Measure what the tape still holds."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self.turn()
        self.turn()

    def turn(self) -> None:
        """Measure what has been heard since the last one. What was not heard, because an audio
        process was lost, is no silence: it is passed over."""
        resets, head = self._resets(), self._tape.head
        while self._position < head:
            self._position = max(self._position, self._tape.readable()[0])
            piece = np.zeros(
                (self._tape.channels, min(_PIECE, max(head - self._position, 0))), np.float32
            )
            first, last = self._tape.read_into(self._position, piece)
            self._position += piece.shape[1]
            self._meter.process(piece[self._rows, first:last])
        if resets != self._known:  # behind what had been heard by then
            self._known = resets
            self._meter.reset()
        self.loudness = self._meter.figures
