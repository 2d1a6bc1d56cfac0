"""What lasts beyond its cause: a limiter that lets go slowly, filters that ring around a jump."""

from __future__ import annotations

import numpy as np

from bench.soak.chunk import CONVERTED, Chunk, Facts
from bench.soak.model import HELD, Array
from bench.soak.report import Report

TAIL_SECONDS = 0.3  # hold, and release from silence
JUMP = 0.02  # a second difference that the music does not have, at any rate
EARLY_RINGING = 4096  # on the instant path, whose shares are those of whole windows
RINGING = 1100  # samples of the session, that a substitute may ring around a jump
CONVERTER_RINGING = 2048  # samples of the model
_MODEL_RATE = 44_100


class LimiterWatch:
    """Where the limiter may be at work; and whether it counts what it must."""

    def __init__(self, facts: Facts, report: Report) -> None:
        self._facts, self._report = facts, report
        self._tail = int(TAIL_SECONDS * facts.rate) + 2 * facts.longest
        self._free_at = 0  # frame from which on it must have let go

    def mask(self, chunk: Chunk, first: int) -> Array:
        """Of a chunk that begins at frame `first`; outside of it nothing is limited."""
        factors, level = chunk.factors, chunk.level
        top = np.maximum(np.abs(chunk.low), np.abs(chunk.high)) * factors.master
        peaks = level * top * (1 + 1e-5)
        if chunk.uncertain.any():
            peaks += HELD * level
        surely = level * np.abs(factors.stems) * factors.master
        if not self._facts.exact:
            peaks, surely = peaks + CONVERTED, surely - CONVERTED
        mask = np.zeros(chunk.count, np.bool_)
        mask[: max(self._free_at - first, 0)] = True
        if float(peaks.max()) <= 1 and not any(block.limited for block in chunk.blocks):
            return mask
        for block in chunk.blocks:
            may = int((peaks[block.here] > 1).sum()) if block.limiter else 0
            must = int((surely[block.here] > 1 + 3e-5).sum()) if block.limiter else 0
            if chunk.uncertain[block.here].any():  # as loud, but elsewhere
                may, must = block.count, 0
            self._report.hold("the limiter counts what it limits", must <= block.limited <= may,
                              lambda at=block.start: chunk.where(at))  # fmt: skip
            if block.limiter and (may or block.limited):
                stop = block.start + block.count + self._tail
                mask[block.start : stop] = True
                self._free_at = first + stop
        return mask


class Ringing:
    """By how much more something filtered may be off, near a jump of the input."""

    def __init__(self, facts: Facts, delay: int, least: int = RINGING) -> None:
        """Of a path with this delay, which rings no less than that even without a converter."""
        self._delay = delay
        converter = 0 if facts.exact else CONVERTER_RINGING * facts.rate // _MODEL_RATE
        self._near = max(converter, least)
        self._until, self._most = 0, 0.0  # frame; size

    def margin(self, known: Array, count: int, first: int) -> Array:
        """`known` (channels, count + delay) begins at frame `first` and is heard from there."""
        near, margin = self._near, np.zeros(count)
        margin[: max(self._until - first, 0)] = self._most
        ahead = known[:, : count + min(self._delay, near)]
        jumps = np.abs(np.diff(ahead, 2, axis=1)).max(0)
        places = np.flatnonzero(jumps > JUMP)
        if places.size:
            self._most = float(jumps.max())
            self._until = first + int(places[-1]) + near
            for at in places.tolist():
                margin[max(at - near, 0) : at + near] = self._most
        return margin
