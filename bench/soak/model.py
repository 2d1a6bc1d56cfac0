"""What ought to be heard, worked out anew from the input and the faders. Shares no code with rtsep.

Every stem is a fixed part of the input, and so is every substitute for it. What is heard is
therefore the delayed input times a factor, and this module knows the factor, sample by sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

RAMP_SECONDS = 0.004
SNAP = 1e-5
HELD = 6e-3  # how exactly a substitute or an early stem is known, filtered by measured shares
HOLD, DRY, SILENCE, INSTANT = 0, 1, 2, 3


@dataclass(frozen=True)
class Targets:
    """Where the desk wants its gains. `gains` are those of the stems after mute and solo."""

    gains: tuple[float, ...]
    master: float
    bypass: float

    @classmethod
    def read(cls, control: Any) -> Targets:
        soloed = [bool(on) for on in control.solo]
        heard = [
            float(gain) if not muted and (solo or not any(soloed)) else 0.0
            for gain, muted, solo in zip(control.gain, control.mute, soloed, strict=True)
        ]
        return cls(tuple(heard), float(control.master[0]), float(control.bypass[0]))

    def lanes(self) -> list[float]:
        """The stems', master, bypass, and the fade from silence at the start."""
        return [*self.gains, self.master, self.bypass, 1.0]


class GainModel:
    """Gains on their way to their targets."""

    def __init__(self, rate: int) -> None:
        self._log_decay = -1.0 / (RAMP_SECONDS * rate)
        self._value: Array | None = None  # None: a process that has not played yet

    def restart(self) -> None:
        self._value = None

    def curve(self, targets: list[float], count: int) -> Array:
        """(lanes, count), or (lanes, 1) when all of them rest."""
        wanted = np.array(targets)
        if self._value is None:
            self._value = wanted.copy()
            self._value[-1] = 0.0
        if np.array_equal(self._value, wanted):
            return wanted[:, None]
        left = np.exp(self._log_decay * np.arange(1, count + 1))
        away = (self._value - wanted)[:, None] * left
        away[np.abs(away) < SNAP] = 0.0
        curve = wanted[:, None] + away
        self._value = curve[:, -1].copy()
        return curve


class Factors:
    """The factors of a stretch, each (n,) or (1,), and the stems' gains, (stems, n) or (stems, 1).

    `stems` is the factor while all stems are there; `even` that of an instant path which knows
    nothing yet; `substitutes` are those that each policy may use.
    """

    def __init__(self, lanes: Array, shares: Array) -> None:
        self.gains = lanes[:-3]
        self.master, self.bypass, self.fade = lanes[-3:]
        held = shares**2 / (shares**2).sum()
        self.stems = shares @ self.gains
        self.even = self.gains.mean(0)
        self.substitutes = {
            HOLD: (held @ self.gains,),
            DRY: (np.ones_like(self.stems),),
            SILENCE: (np.zeros_like(self.stems),),
            INSTANT: (self.even, held @ self.gains),
        }
        self.loudest = self.gains.max(0)
        self.spread = self.loudest - self.gains.min(0)

    def heard(self, before_master: Array) -> Array:
        """From a factor of the mix to one of the output, if nothing is limited."""
        wet = before_master * self.master
        result: Array = (wet * (1 - self.bypass) + self.bypass) * self.fade
        return result


def clean(audio: Array) -> tuple[Array, int]:
    """Without what is no sound, and how much of it there was."""
    good = np.abs(audio) <= 1e9
    if good.all():
        return audio, 0
    return np.where(good, audio, np.float32(0)), int(good.size - np.count_nonzero(good))


def travel_to_gain(travel: float) -> float:
    """What a fader at a height from 0 to 1 stands for."""
    if travel <= 0:
        return 0.0
    marks = [(0.0, -90.0), (0.05, -60.0), (0.15, -40.0), (0.3, -20.0), (0.5, -10.0), (0.8, 0.0),
             (1.0, 6.0)]  # fmt: skip
    for (low, low_db), (high, high_db) in pairwise(marks):
        if travel <= high:
            db = low_db + (high_db - low_db) * (travel - low) / (high - low)
            return math.pow(10.0, db / 20.0)
    return math.pow(10.0, 6.0 / 20.0)
