"""A filter with one knob: to the left a low-pass, to the right a high-pass, nothing in the middle.

24 dB an octave with a slight resonance. Runs in the audio callback; knows nothing of stems.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from rtsep.dsp.recursive import FRAME, Numbers, Svf, frame_matrix
from rtsep.ring.ring import Audio

REST = 0.02  # so far from the middle the knob does nothing, since controllers do not hit it
LOW_PASS_HZ = (20_000.0, 60.0)  # cutoff where the knob leaves the middle, and at its end
HIGH_PASS_HZ = (20.0, 10_000.0)
HIGHEST = 0.45  # of the rate, that a cutoff may have
PLACES = 512  # cutoffs to each side, a sixtieth of an octave apart
GLIDE_SECONDS = 0.008  # time constant of the way to another place ...
SWEEP_SECONDS = 0.02  # ... which takes at least this from the middle to an end
_QUALITIES = (0.5412, 2.2)  # a Butterworth filter's first section, and more than its second
_FAINT = 1e-30  # of a state; numbers that are much smaller take processors a hundred times as long


class _Sections:
    """Two sections, one behind the other, at many cutoffs."""

    def __init__(self, cutoffs: Numbers, *, high: bool) -> None:
        self.filters = [Svf(cutoffs[:, None], q) for q in _QUALITIES]
        self._high = high

    def tick(self, x: Numbers) -> tuple[Numbers]:
        for one in self.filters:
            parts = one.tick(x)
            x = parts.high if self._high else parts.low
        return (x,)


def cutoff_hz(knob: float) -> float | None:
    """What a knob from -1 to 1 stands for; None where it does nothing."""
    way = (abs(knob) - REST) / (1 - REST)
    if way <= 0:
        return None
    first, last = HIGH_PASS_HZ if knob > 0 else LOW_PASS_HZ
    return first * (last / first) ** way


@lru_cache(maxsize=4)
def _matrices(rate: int) -> Numbers:
    """One for each place, from -PLACES to PLACES. In the middle the samples are what they were, and
    the state is forgotten."""
    way = np.arange(1, PLACES + 1) / PLACES
    left, right = (
        np.minimum(first * (last / first) ** way / rate, HIGHEST)
        for first, last in (LOW_PASS_HZ, HIGH_PASS_HZ)
    )
    rows = FRAME + 2 * len(_QUALITIES)
    found = np.zeros((2 * PLACES + 1, rows, rows))
    found[:PLACES] = frame_matrix(_Sections(left[::-1], high=False))
    found[PLACES, :FRAME, :FRAME] = np.eye(FRAME)
    found[PLACES + 1 :] = frame_matrix(_Sections(right, high=True))
    return found


class Sweep:
    """Such a filter for each of several signals.

    Cutoffs move from one frame to the next, on a grid of absolute positions, and within a frame the
    sound is crossfaded from the one to the other; so blocks of any sizes give the same, and there
    is no step however fast a knob is turned.
    """

    def __init__(self, signals: int, channels: int, rate: int) -> None:
        self._matrices = _matrices(rate)
        rows = self._matrices.shape[1]
        self._frames = np.zeros((signals, channels, rows))  # samples so far, the state before them
        self._before, self._after = np.zeros((channels, rows)), np.zeros((channels, rows))
        self._up = np.arange(1, FRAME + 1) / FRAME
        self._places = [(0, 0)] * signals  # in the last frame, and in this one
        self._filled = 0
        self._nearer = -math.expm1(-FRAME / (GLIDE_SECONDS * rate))
        self._fastest = math.ceil(PLACES * FRAME / (SWEEP_SECONDS * rate))

    def settle(self, knobs: np.ndarray[Any, Any]) -> None:
        """Put every cutoff where its knob, from -1 to 1, says, at once and after silence."""
        self._frames[...] = 0
        self._places = [(_place(knob), _place(knob)) for knob in knobs.tolist()]

    def moves(self, knobs: np.ndarray[Any, Any]) -> bool:
        """Whether a signal may be another behind the next block, under these knobs."""
        return any(places != (0, 0) for places in self._places) or any(map(_place, knobs.tolist()))

    def skip(self, count: int) -> None:
        """Let a block pass as it is; nothing moves."""
        self._filled = (self._filled + count) % FRAME

    def process(self, sound: Audio, knobs: np.ndarray[Any, Any]) -> None:
        """Filter (signals, channels, n) in place. Where a knob rests in the middle its signal is
        left alone."""
        count, done = sound.shape[2], 0
        targets = [_place(knob) for knob in knobs.tolist()]
        while done < count:
            stop = min(done + FRAME - self._filled, count)
            until = self._filled + stop - done
            for signal, target in enumerate(targets):
                places = self._places[signal]
                if places != (0, 0):
                    self._filter(signal, places, sound[signal, :, done:stop], until)
                if until == FRAME:
                    self._places[signal] = (places[1], self._next(places[1], target))
            done, self._filled = stop, until % FRAME

    def _filter(self, signal: int, places: tuple[int, int], sound: Audio, until: int) -> None:
        """The samples of a frame that end at `until` of it."""
        frame, since = self._frames[signal], until - sound.shape[1]
        frame[:, since:until] = sound
        before, after = self._before, self._after
        np.matmul(frame, self._matrices[PLACES + places[1]], out=after)
        if places[0] != places[1]:
            np.matmul(frame, self._matrices[PLACES + places[0]], out=before)
            new, old = after[:, :FRAME], before[:, :FRAME]
            new -= old
            new *= self._up
            new += old
        sound[...] = after[:, since:until]
        if until == FRAME:
            state = after[:, FRAME:]
            state[np.abs(state) < _FAINT] = 0
            frame[:, FRAME:] = state
            frame[:, :FRAME] = 0

    def _next(self, place: int, target: int) -> int:
        """A step nearer to the target, by way of the middle: the state of a low-pass means nothing
        to a high-pass."""
        way = target - place
        if way == 0:
            return place
        step = min(math.ceil(abs(way) * self._nearer), self._fastest)
        there = place + int(math.copysign(step, way))
        return 0 if there * place < 0 else there


def _place(knob: float) -> int:
    """Of the matrix whose cutoff is nearest, counted from the middle."""
    way = max(abs(knob) - REST, 0) / (1 - REST)
    return int(math.copysign(round(way * PLACES), knob))
