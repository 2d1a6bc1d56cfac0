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


class Meters:
    """Peak, which rises at once and falls slowly, and RMS of the input, every stem and the mix.

    Over all channels of each. The levels of stems are after their faders.
    """

    def __init__(self, arena: Arena, stems: int, *, sample_rate: int) -> None:
        self._peak = arena.take(stems + 2, np.float64)
        self._power = arena.take(stems + 2, np.float64)
        self._new_peak = np.zeros(stems + 2)
        self._new_power = np.zeros(stems + 2)
        self._sample_rate = sample_rate

    def update(self, dry: Audio, stems: Audio, gains: np.ndarray[Any, Any], mix: Audio) -> None:
        """A block: input and mix (channels, n), stems (stems, channels, n) before their `gains`."""
        seconds = mix.shape[-1] / self._sample_rate
        if seconds == 0:
            return
        peak, power = self._new_peak, self._new_power
        for row, signal in ((_INPUT, dry), (_MIX, mix)):
            peak[row] = max(signal.max(), -signal.min())
            power[row] = np.vdot(signal, signal)
        np.maximum(stems.max((1, 2)), -stems.min((1, 2)), out=peak[1:-1])
        np.einsum("scn,scn->s", stems, stems, out=power[1:-1])
        peak[1:-1] *= gains
        power[1:-1] *= gains**2
        self._peak *= 10 ** (-FALL_DB_PER_SECOND / 20 * seconds)
        np.maximum(self._peak, peak, out=self._peak)
        power /= mix.size
        self._power += (1 - math.exp(-seconds / RMS_SECONDS)) * (power - self._power)

    def reset(self) -> None:
        """Silence, at once. Only while nobody else updates them."""
        self._peak[:] = self._power[:] = 0

    @property
    def input(self) -> Level:
        return self._level(_INPUT)

    @property
    def stems(self) -> tuple[Level, ...]:
        return tuple(self._level(row) for row in range(1, len(self._peak) - 1))

    @property
    def mix(self) -> Level:
        return self._level(_MIX)

    def _level(self, row: int) -> Level:
        peak, rms = float(self._peak[row]), math.sqrt(self._power[row])
        return Level(peak_db=gain_to_db(peak), rms_db=gain_to_db(rms))
