"""Recursive filters in plain NumPy, a frame of samples at a time and exact.

What a frame comes to is linear in its samples and in the state before it, so a filter is a matrix
that is multiplied with both. The matrix is found by running the filter sample by sample on every
unit vector, once. Knows nothing of what filters are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

FRAME = 32  # samples; a longer one costs more to multiply, a shorter one more calls
HIGHEST = 0.45  # of the rate, that a cutoff may have
_FAINT = 1e-30  # of a state; numbers that are much smaller take processors a hundred times as long

Numbers = np.ndarray[Any, np.dtype[np.float64]]


class Parts(NamedTuple):
    """What a second-order filter makes of a sample."""

    low: Numbers
    high: Numbers
    whole: Numbers  # of an allpass


class Svf:
    """A state-variable filter of the second order, trapezoidal, as Simper writes it ("Linear
    trapezoidal integrated state variable filter", 2011). Its state is the charge of two
    capacitors, so that it stays meaningful and bounded when the cutoff moves."""

    def __init__(self, cutoff: Numbers | float, q: float) -> None:
        """`cutoff` is a part of the sample rate, below a half, or an array of such."""
        g = np.tan(np.pi * np.asarray(cutoff))
        self._k = 1 / q
        self._a1 = 1 / (1 + g * (g + self._k))
        self._a2 = g * self._a1
        self._a3 = g * self._a2
        self.state: list[Any] = [0.0, 0.0]

    def tick(self, x: Numbers) -> Parts:
        """The next sample."""
        first, second = self.state
        rest = x - second
        band = self._a1 * first + self._a2 * rest
        low = second + self._a2 * first + self._a3 * rest
        self.state = [2 * band - first, 2 * low - second]
        return Parts(low, x - self._k * band - low, x - 2 * self._k * band)


class Network(Protocol):
    """Filters that are connected."""

    @property
    def filters(self) -> Sequence[Svf]: ...

    def tick(self, x: Numbers) -> Sequence[Numbers]:
        """One sample of each output."""
        ...


def frame_matrix(network: Network) -> Numbers:
    """(FRAME + states, outputs * FRAME + states): from a row of samples and the state before them
    to each output's samples and the state behind them. For arrays of cutoffs (n, 1), n of these.
    """
    unit = np.eye(FRAME + 2 * len(network.filters))
    for index, one in enumerate(network.filters):
        one.state = [unit[FRAME + 2 * index], unit[FRAME + 2 * index + 1]]
    outputs = list(zip(*(network.tick(unit[at]) for at in range(FRAME)), strict=True))
    states = [state for one in network.filters for state in one.state]
    columns = [sample for samples in outputs for sample in samples] + states
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(*columns), -1))


def drop_faint(state: Numbers) -> None:
    """Let what has died away be silence, in place."""
    state[np.abs(state) < _FAINT] = 0
