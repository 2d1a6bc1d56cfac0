"""From one rate to another, so that the length is exact. Knows nothing of files."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Audio = NDArray[np.float32]


class ExactResampler:
    """Blocks (frames, channels), of any length. At equal rates they pass bit for bit."""

    def __init__(self, source_rate: int, sample_rate: int, channels: int) -> None:
        self.source_rate = source_rate
        self.sample_rate = sample_rate
        self.taken = 0
        self.given = 0
        self._channels = channels
        self._stream = (
            None
            if source_rate == sample_rate
            else soxr.ResampleStream(
                source_rate, sample_rate, channels, dtype="float32", quality="VHQ"
            )
        )

    def take(self, block: Audio) -> Audio:
        """What is ready of it."""
        self.taken += len(block)
        ready = self._pushed(block)
        self.given += len(ready)
        return ready

    def end(self) -> Audio:
        """The rest, cut or extended by the rounding of the resampler."""
        tail = self._pushed(np.zeros((0, self._channels), np.float32), last=True)
        total = resampled_length(self.taken, self.source_rate, self.sample_rate)
        exact = np.zeros((max(0, total - self.given), self._channels), np.float32)
        common = min(len(exact), len(tail))
        exact[:common] = tail[:common]
        self.given += len(exact)
        return exact

    def _pushed(self, block: Audio, *, last: bool = False) -> Audio:
        if self._stream is None:
            return block
        ready: Audio = self._stream.resample_chunk(block, last=last)
        return ready


def resampled_length(frames: int, source_rate: int, sample_rate: int) -> int:
    """round(frames * sample_rate / source_rate) in integers; one frame never becomes nothing."""
    if not frames:
        return 0
    return max(1, (2 * frames * sample_rate + source_rate) // (2 * source_rate))
