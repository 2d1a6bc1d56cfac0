"""A filter with one knob: to the left a low-pass, to the right a high-pass, nothing in the middle.

24 dB an octave with a slight resonance. Runs in the audio callback; knows nothing of stems.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from rtsep.dsp.recursive import FRAME, HIGHEST, Numbers, Svf, drop_faint, frame_matrix
from rtsep.ring.ring import Audio

REST = 0.02  # so far from the middle the knob does nothing, since controllers do not hit it
LOW_PASS_HZ = (20_000.0, 60.0)  # cutoff where the knob leaves the middle, and at its end
HIGH_PASS_HZ = (20.0, 10_000.0)
PLACES = 512  # cutoffs to each side, a sixtieth of an octave apart
GLIDE_SECONDS = 0.008  # time constant, twice, of the way to another place ...
SWEEP_SECONDS = 0.03  # ... which takes at least this from the middle to an end
FADE_SECONDS = 0.012  # between the filter where it does next to nothing, and none
_NEXT_TO_NOTHING = 8  # places
_QUALITIES = (0.5412, 2.2)  # a Butterworth filter's first section, and more than its second

_UP = np.arange(1, FRAME + 1) / FRAME


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
    """That a knob from -1 to 1 stands for; None where it does nothing."""
    way = (abs(knob) - REST) / (1 - REST)
    if way <= 0:
        return None
    first, last = HIGH_PASS_HZ if knob > 0 else LOW_PASS_HZ
    return float(first * (last / first) ** way)


@lru_cache(maxsize=4)
def _matrices(rate: int) -> Numbers:
    """One for each place, from 1 to PLACES and then, as negative indices are, from -PLACES to -1.
    That of 0 is never asked for."""
    way = np.arange(PLACES + 1) / PLACES
    left, right = (
        np.minimum(first * (last / first) ** way / rate, HIGHEST)
        for first, last in (LOW_PASS_HZ, HIGH_PASS_HZ)
    )
    high, low = _Sections(right, high=True), _Sections(left[:0:-1], high=False)
    return np.concatenate((frame_matrix(high), frame_matrix(low)))


class _Knob:
    """Where a filter is in the frame that is played, and was in the one before."""

    def __init__(self, rate: int) -> None:
        self.before = self.place = 0
        self.wet_before = self.wet = 0.0  # how much of the filter is heard
        self._lead = self._where = 0.0  # the place without rounding, and what that follows
        self._nearer = -math.expm1(-FRAME / (GLIDE_SECONDS * rate))
        self._fastest = PLACES * FRAME / (SWEEP_SECONDS * rate)
        self._fade = min(FRAME / (FADE_SECONDS * rate), 1.0)

    @property
    def rests(self) -> bool:
        return self.wet_before == self.wet == 0

    def settle(self, target: int) -> None:
        self.before = self.place = target
        self._lead = self._where = float(target)
        self.wet_before = self.wet = float(target != 0)

    def advance(self, target: int) -> None:
        """On to the next frame."""
        self.before, self.wet_before = self.place, self.wet
        if self.wet == 0:
            self.settle((target > 0) - (target < 0))
            self.wet_before = self.wet = 0.0
        if self.place == 0:
            return
        leaves = target * self.place <= 0  # what a low-pass remembers means nothing to a high-pass
        goal = math.copysign(1, self.place) if leaves else target
        self._lead += self._nearer * (goal - self._lead)
        step = self._nearer * (self._lead - self._where)
        self._where += min(max(step, -self._fastest), self._fastest)
        self.place = round(self._where)
        if leaves and abs(self.place) <= _NEXT_TO_NOTHING:
            self.wet = max(self.wet - self._fade, 0.0)
        else:
            self.wet = min(self.wet + self._fade, 1.0)


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
        self._wet = np.zeros(FRAME)
        self._knobs = [_Knob(rate) for _ in range(signals)]
        self._filled = 0

    def settle(self, knobs: np.ndarray[Any, Any]) -> None:
        """Put every cutoff where its knob, from -1 to 1, says, at once and after silence."""
        self._frames[...] = 0
        for knob, value in zip(self._knobs, knobs.tolist(), strict=True):
            knob.settle(_place(value))

    def moves(self, knobs: np.ndarray[Any, Any]) -> bool:
        """Whether a signal may be another behind the next block, under these knobs."""
        return not all(knob.rests for knob in self._knobs) or any(map(_place, knobs.tolist()))

    def skip(self, count: int) -> None:
        """Let a block pass as it is; nothing moves."""
        self._filled = (self._filled + count) % FRAME

    def process(self, sound: Audio, knobs: np.ndarray[Any, Any]) -> None:
        """Filter (signals, channels, n) in place. Where a knob rests in the middle its signal is
        left alone."""
        if not self.moves(knobs):
            self.skip(sound.shape[2])
            return
        count, done = sound.shape[2], 0
        targets = list(map(_place, knobs.tolist()))
        while done < count:
            stop = min(done + FRAME - self._filled, count)
            until = self._filled + stop - done
            for signal, knob in enumerate(self._knobs):
                if not knob.rests:
                    self._filter(signal, knob, sound[signal, :, done:stop], until)
                if until == FRAME:
                    knob.advance(targets[signal])
            done, self._filled = stop, until % FRAME

    def _filter(self, signal: int, knob: _Knob, sound: Audio, until: int) -> None:
        """The samples of a frame that end at `until` of it."""
        frame, since = self._frames[signal], until - sound.shape[1]
        frame[:, since:until] = sound
        np.matmul(frame, self._matrices[knob.place], out=self._after)
        samples = self._after[:, :FRAME]
        if knob.before != knob.place:
            np.matmul(frame, self._matrices[knob.before], out=self._before)
            _crossfade(self._before[:, :FRAME], samples, _UP)
        if not knob.wet_before == knob.wet == 1:
            np.multiply(_UP, knob.wet - knob.wet_before, out=self._wet)
            self._wet += knob.wet_before
            _crossfade(frame[:, :FRAME], samples, self._wet)
        sound[...] = samples[:, since:until]
        if until == FRAME:
            state = self._after[:, FRAME:]
            drop_faint(state)
            frame[:, FRAME:] = state if knob.wet else 0
            frame[:, :FRAME] = 0


def _crossfade(old: Numbers, new: Numbers, up: Numbers) -> None:
    """Into the new one."""
    new -= old
    new *= up
    new += old


def _place(knob: float) -> int:
    """Of the matrix whose cutoff is nearest, counted from the middle."""
    way = max(abs(knob) - REST, 0) / (1 - REST)
    return int(math.copysign(round(way * PLACES), knob))
