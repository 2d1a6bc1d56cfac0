"""Slower and faster at the same pitch, by FFmpeg's atempo.

It cuts sound into pieces that overlap where they are most alike, at the same places in all rows:
stems that sum to their mix do so afterwards, and stereo stays where it was.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from rtsep.errors import ConfigError
from rtsep.mixer.transport import FASTEST, SLOWEST
from rtsep.ring.ring import Audio


def checked_speed(speed: float) -> float:
    """Raises ConfigError."""
    if not SLOWEST <= speed <= FASTEST:  # written so that NaN is refused too
        raise ConfigError(f"the speed is {SLOWEST:g} to {FASTEST:g}, 1 as recorded, got {speed}")
    return speed


class Stretch:
    """One stretch of sound, (rows, n) in, of other lengths out. Sample i of what came is heard at
    about i / speed; a few hundredths of a second are withheld."""

    def __init__(self, rows: int, rate: int, speed: float) -> None:
        import av  # a tenth of a second, and who plays at the usual speed needs it never
        from av.filter import Graph

        self._av, self._rows, self._rate = av, rows, rate
        self._layout = "stereo" if rows == 2 else f"{rows}c"
        self._taken = 0
        graph = Graph()
        self._source = graph.add_abuffer(
            sample_rate=rate, format="flt", layout=self._layout, time_base=Fraction(1, rate)
        )
        tempo, self._sink = graph.add("atempo", f"{speed:.6f}"), graph.add("abuffersink")
        self._source.link_to(tempo)
        tempo.link_to(self._sink)
        graph.configure()
        self._graph = graph

    def __call__(self, block: Audio) -> Audio:
        packed = np.ascontiguousarray(block.T).reshape(1, -1)
        frame = self._av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
        frame.sample_rate, frame.pts = self._rate, self._taken
        self._taken += block.shape[1]
        self._source.push(frame)
        return self._ready()

    def end(self) -> Audio:
        """What was withheld. Nothing may come after it."""
        self._source.push(None)
        return self._ready()

    def _ready(self) -> Audio:
        parts: list[Audio] = [np.zeros((self._rows, 0), np.float32)]
        while True:
            try:
                frame: Any = self._sink.pull()
            except (self._av.BlockingIOError, self._av.EOFError):
                return np.concatenate(parts, 1)
            parts.append(frame.to_ndarray().reshape(-1, self._rows).T)
