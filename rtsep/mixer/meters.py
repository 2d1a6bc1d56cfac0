"""Levels, in memory that the callback writes and a display reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rtsep.mixer.levels import gain_to_db
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Audio
from rtsep.status import Level

FALL_DB_PER_SECOND = 20.0
RMS_SECONDS = 0.3  # as in VU meters

_INPUT, _MIX = 0, -1  # rows; the stems are between them


class _Levels:
    """Peak, which rises at once and falls slowly, and RMS of several signals."""

    def __init__(self, arena: Arena, signals: int, sample_rate: int) -> None:
        self._peak = arena.take(signals, np.float64)
        self._power = arena.take(signals, np.float64)
        self._new_peak = np.zeros(signals)
        self._new_power = np.zeros(signals)
        self._sample_rate = sample_rate

    def reset(self) -> None:
        """Silence, at once. Only while nobody else updates them."""
        self._peak[:] = self._power[:] = 0

    def _measure(self, row: int, signal: Audio) -> None:
        self._new_peak[row] = max(signal.max(), -signal.min())
        self._new_power[row] = np.vdot(signal, signal)

    def _move(self, samples: int, seconds: float) -> None:
        """On to what was measured, in so many samples of each signal."""
        self._peak *= 10 ** (-FALL_DB_PER_SECOND / 20 * seconds)
        np.maximum(self._peak, self._new_peak, out=self._peak)
        self._new_power /= samples
        self._power += (1 - math.exp(-seconds / RMS_SECONDS)) * (self._new_power - self._power)

    def _level(self, row: int) -> Level:
        peak, rms = float(self._peak[row]), math.sqrt(self._power[row])
        return Level(peak_db=gain_to_db(peak), rms_db=gain_to_db(rms))


class CueMeter(_Levels):
    """What the headphones hear."""

    def __init__(self, arena: Arena, *, sample_rate: int) -> None:
        super().__init__(arena, 1, sample_rate)

    def update(self, cue: Audio) -> None:
        """A block, (channels, n)."""
        if cue.size:
            self._measure(0, cue)
            self._move(cue.size, cue.shape[-1] / self._sample_rate)

    @property
    def level(self) -> Level:
        return self._level(0)


class Meters(_Levels):
    """The input, every stem and the mix, over all channels of each. The levels of stems are after
    their faders."""

    def __init__(self, arena: Arena, stems: int, *, sample_rate: int) -> None:
        super().__init__(arena, stems + 2, sample_rate)

    def update(self, dry: Audio, stems: Audio, gains: np.ndarray[Any, Any], mix: Audio) -> None:
        """A block: input and mix (channels, n), stems (stems, channels, n) before their `gains`."""
        seconds = mix.shape[-1] / self._sample_rate
        if seconds == 0:
            return
        peak, power = self._new_peak, self._new_power
        self._measure(_INPUT, dry)
        self._measure(_MIX, mix)
        np.maximum(stems.max((1, 2)), -stems.min((1, 2)), out=peak[1:-1])
        np.einsum("scn,scn->s", stems, stems, out=power[1:-1])
        peak[1:-1] *= gains
        power[1:-1] *= gains**2
        self._move(mix.size, seconds)

    @property
    def input(self) -> Level:
        return self._level(_INPUT)

    @property
    def stems(self) -> tuple[Level, ...]:
        return tuple(self._level(row) for row in range(1, len(self._peak) - 1))

    @property
    def mix(self) -> Level:
        return self._level(_MIX)
