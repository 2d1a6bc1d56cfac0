"""Keeps the mix within full scale, and touches nothing that is. Adds no latency."""

from __future__ import annotations

import numpy as np

from rtsep.ring.ring import Audio

ATTACK = 32  # samples; shorter where the block is, longer where the first loud sample comes later
HOLD_SECONDS = 0.05  # longer than between two peaks of a low note, so that it is not modulated
RELEASE_SECONDS = 0.075  # time constant; from half the level the way back takes 0.18 s
OVERSHOOT = 0.05  # the release aims this far above unity, so that it gets there
NEAR = 1.02  # what would have needed almost as low a gain keeps it there


class Limiter:
    """One gain for all channels, 1 as long as nothing exceeds full scale.

    A block that would exceed it is turned down before its first sample that does; what is too loud
    already while the gain still falls is clipped. Then the gain is held, and released slowly.
    """

    def __init__(self, channels: int, sample_rate: int, longest: int) -> None:
        self.limited = 0  # samples that would have exceeded full scale
        self.gain = 1.0
        self._hold = 0
        self._hold_samples = round(HOLD_SECONDS * sample_rate)
        self._decay = np.exp(-np.arange(1, longest + 1) / (RELEASE_SECONDS * sample_rate))
        self._count = np.arange(1, longest + 1, dtype=np.float32)
        self._level: Audio = np.empty((channels, longest), np.float32)
        self._curve: Audio = np.empty(longest, np.float32)

    def process(self, block: Audio, on: bool = True) -> None:
        """Limit (channels, n) in place. Switched off, it still lets go slowly of what it holds."""
        level = self._level[:, : block.shape[1]]
        np.abs(block, out=level)
        peak = float(level.max(initial=0.0)) if on else 0.0
        if peak <= 1 and self.gain == 1:
            return
        allowed = 1 / max(peak, 1.0)
        if peak > 1:
            self.limited += int(np.count_nonzero(level.max(axis=0) > 1))
        if allowed < self.gain:
            curve = self._attack(level, allowed)
        elif self._hold > 0:
            curve = self._stay(block.shape[1], allowed)
        else:
            curve = self._release(block.shape[1], allowed)
        block *= curve
        if on:
            np.clip(block, -1, 1, out=block)

    def _attack(self, level: Audio, allowed: float) -> Audio:
        """Down to `allowed`, in a straight line up to the first sample that needs it."""
        count = level.shape[1]
        first = int(np.argmax(level.max(axis=0) * self.gain > 1))
        length = min(max(first + 1, ATTACK), count)
        curve = self._curve[:count]
        np.multiply(self._count[:length], (allowed - self.gain) / length, out=curve[:length])
        curve[:length] += self.gain
        curve[length:] = allowed
        self.gain, self._hold = allowed, self._hold_samples
        return curve

    def _stay(self, count: int, allowed: float) -> Audio:
        curve = self._curve[:count]
        curve[:] = self.gain
        needed = allowed < min(NEAR * self.gain, 1.0)  # a block within full scale needs no gain
        self._hold = self._hold_samples if needed else self._hold - count
        return curve

    def _release(self, count: int, allowed: float) -> Audio:
        """Up, but not above what this block allows."""
        curve, goal = self._curve[:count], 1 + OVERSHOOT
        np.multiply(self._decay[:count], self.gain - goal, out=curve)
        curve += goal
        np.minimum(curve, allowed, out=curve)
        self.gain = float(curve[-1])
        return curve
