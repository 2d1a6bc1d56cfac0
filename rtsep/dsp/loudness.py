"""Loudness in LUFS, as ITU-R BS.1770-5 defines it, on the time scales of EBU Tech 3341.

Knows nothing of where the sound comes from or where the figures are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rtsep.dsp.recursive import Numbers
from rtsep.dsp.weighting import Weighting

STEPS_A_SECOND = 100  # by which windows move: maxima are right to 0.1 LU wherever a sound begins
MOMENTARY, SHORT_TERM = 40, 300  # steps: 0.4 s and 3 s
BLOCK_EVERY = 10  # steps between the blocks that are gated: they overlap by three quarters
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, LU
SILENCE = -120.0  # LUFS; what is quieter is -inf
_OFFSET = -0.691  # so that 997 Hz at full scale in one channel are -3.01 LUFS
_FINE = 100  # bins a LU of the blocks' loudness
_BINS = 130 * _FINE  # up to 60 LUFS; what is louder counts as that when it comes to gates


def lufs(power: float) -> float:
    """Of a weighted mean square, -inf for silence."""
    loudness = _OFFSET + 10 * math.log10(power) if power > 0 else -math.inf
    return loudness if loudness > SILENCE else -math.inf


class LoudnessMeter:
    """Momentary, short-term and integrated loudness of a stream.

    Before its beginning there was silence. Blocks of any sizes give the same figures. Samples that
    are not finite count as silence. What it remembers does not grow.
    """

    def __init__(self, rate: int, weights: Sequence[float] = (1.0, 1.0)) -> None:
        """`weights` are those of the channels: 1, or 1.41 for the ones that surround a listener."""
        self._rate = rate
        self._channels = np.asarray(weights, np.float64)
        self._weighting = Weighting(rate, len(weights))
        self._position = self._step = 0
        self._power = 0.0  # of the step so far, its sum
        self._powers = np.zeros(SHORT_TERM)  # means of the last steps, the newest last
        self._blocks = _Gated()
        self.reset()

    def reset(self) -> None:
        """From here on, what is integrated and what is the maximum of. The windows go on."""
        self._since = 0  # steps
        self._blocks.clear()
        self._most = {MOMENTARY: 0.0, SHORT_TERM: 0.0}

    def process(self, sound: np.ndarray[tuple[int, int], np.dtype[np.floating]]) -> None:
        """The next (channels, n)."""
        finite = np.nan_to_num(np.asarray(sound, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        weighted = self._weighting.process(finite)
        np.square(weighted, out=weighted)
        power = self._channels @ weighted
        start, stop = self._position, self._position + power.size
        first, last = self._step + 1, stop * STEPS_A_SECOND // self._rate
        ends = [self._end(step) for step in range(first, last + 1)]
        for since, until in pairwise((start, *ends)):
            self._power += float(power[since - start : until - start].sum())
            self._finish_step()
        self._power += float(power[(ends[-1] if ends else start) - start :].sum())
        self._position = stop

    @property
    def momentary(self) -> float:
        return lufs(self._window(MOMENTARY))

    @property
    def short_term(self) -> float:
        return lufs(self._window(SHORT_TERM))

    @property
    def momentary_max(self) -> float:
        """Since the reset, as are those below."""
        return lufs(self._most[MOMENTARY])

    @property
    def short_term_max(self) -> float:
        return lufs(self._most[SHORT_TERM])

    @property
    def integrated(self) -> float:
        return self._blocks.loudness

    @property
    def seconds(self) -> float:
        return self._since / STEPS_A_SECOND

    def _end(self, step: int) -> int:
        """The first position behind it. Steps are a sample longer or shorter than others where the
        rate is no multiple of them."""
        return -(-step * self._rate // STEPS_A_SECOND)

    def _finish_step(self) -> None:
        before = self._end(self._step)
        self._step += 1
        self._powers[:-1] = self._powers[1:]
        self._powers[-1] = self._power / (self._end(self._step) - before)
        self._power = 0.0
        self._since += 1
        for steps, most in self._most.items():
            self._most[steps] = max(most, self._window(steps, min(steps, self._since)))
        if self._since >= MOMENTARY and self._since % BLOCK_EVERY == 0:
            self._blocks.add(self._window(MOMENTARY))

    def _window(self, steps: int, of_them: int | None = None) -> float:
        """The mean power of the last steps; only `of_them` count, and before those was silence."""
        return float(self._powers[-(of_them or steps) :].sum()) / steps


class _Gated:
    """The blocks above the absolute gate, by their loudness in bins so fine that it makes no
    difference on which side of the relative gate one of them lies."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)
        self._powers: Numbers = np.zeros(_BINS)

    def clear(self) -> None:
        self._counts[:] = 0
        self._powers[:] = 0

    def add(self, power: float) -> None:
        loudness = lufs(power)
        if loudness > ABSOLUTE_GATE:
            place = min(int((loudness - ABSOLUTE_GATE) * _FINE), _BINS - 1)
            self._counts[place] += 1
            self._powers[place] += power

    @property
    def loudness(self) -> float:
        """The mean of the blocks that are not 10 LU quieter than the mean of all."""
        count = int(self._counts.sum())
        if not count:
            return -math.inf
        gate = lufs(float(self._powers.sum()) / count) + RELATIVE_GATE
        first = min(max(int((gate - ABSOLUTE_GATE) * _FINE), 0), _BINS - 1)
        return lufs(float(self._powers[first:].sum()) / int(self._counts[first:].sum()))
