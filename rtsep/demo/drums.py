"""A drum kit of sines and noise. Knows each drum's sound, nothing of rhythm."""

from __future__ import annotations

import numpy as np

from rtsep.demo.synth import Signal, band, times

PAN = {"hat": 0.35, "open": 0.35, "high tom": -0.3, "low tom": 0.4, "crash": -0.5}


class Kit:
    """Every drum is made once and hit many times."""

    def __init__(self, rate: int, rng: np.random.Generator) -> None:
        self._rate = rate
        self._rng = rng
        self._sounds = {
            "kick": self._kick(),
            "snare": self._snare(),
            "hat": self._cymbal(0.16, 0.028, 7000),
            "open": self._cymbal(0.6, 0.16, 6500),
            "crash": self._cymbal(2.2, 0.55, 3500),
            "high tom": self._tom(165),
            "low tom": self._tom(105),
        }

    def hit(self, piece: str, strength: float) -> tuple[Signal, float]:
        """The sound and where it stands; no two hits are quite the same."""
        human = strength * self._rng.uniform(0.9, 1.1)
        return human * self._sounds[piece], PAN.get(piece, 0.0)

    def _noise(self, seconds: float, decay: float, low: float, high: float) -> Signal:
        t = times(self._rate, seconds)
        return band(self._rng.standard_normal(t.size), self._rate, low, high) * np.exp(-t / decay)

    def _sweep(self, seconds: float, end: float, bend: float, decay: float) -> Signal:
        """A sine that falls to `end` Hz, as a struck skin does."""
        t = times(self._rate, seconds)
        phase = 2 * np.pi * np.cumsum(end + bend * np.exp(-t / 0.022)) / self._rate
        return np.sin(phase) * np.exp(-t / decay) * np.minimum(1, (seconds - t) / 0.02)

    def _kick(self) -> Signal:
        body = self._sweep(0.4, 52, 210, 0.11)
        return np.tanh(2.2 * body) * 1.2 + 0.5 * self._noise(0.4, 0.006, 1500, 7000)

    def _snare(self) -> Signal:
        t = times(self._rate, 0.35)
        rattle = self._noise(0.35, 0.075, 1200, 9500)
        shell = np.sin(2 * np.pi * 188 * t) + 0.6 * np.sin(2 * np.pi * 331 * t)
        crack = self._noise(0.35, 0.008, 2500, 12000)
        return 0.65 * rattle + 0.55 * shell * np.exp(-t / 0.05) + 0.5 * crack

    def _tom(self, pitch: float) -> Signal:
        skin = self._sweep(0.5, pitch, 0.6 * pitch, 0.14)
        return 0.9 * skin + 0.25 * self._noise(0.5, 0.02, 800, 6000)

    def _cymbal(self, seconds: float, decay: float, low: float) -> Signal:
        """Noise rings brighter than any metal; a few inharmonic squares make it metal."""
        t = times(self._rate, seconds)
        metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (2053, 3140, 4189, 5301, 6173))
        ring = band(np.asarray(metal), self._rate, low, 14000) * np.exp(-t / decay)
        end = np.minimum(1, (seconds - t) / 0.02)
        return (0.45 * self._noise(seconds, decay, low, 15000) + 0.12 * ring) * end
