"""Two sound cards whose clocks differ, simulated: their callbacks, much faster than real time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from rtsep.audio.drift import AdaptiveResampler

PERIOD = 50


@dataclass(kw_only=True)
class TwoClocks:
    """Calls a resampler as a recording and a playing device would.

    `ppm(t)` is how much faster the recording clock runs at second t of the playing clock; `jitter`
    is the most by which a callback comes late; while `stalled(t)` the recording device is dead.
    The recording is a sine of amplitude 0.5 and PERIOD samples per cycle, at the resampler's
    `recorded_rate`; what is played, and all delays, count at its `rate`.
    """

    resampler: AdaptiveResampler
    block_in: int = 256
    block_out: int = 256
    jitter: float = 0.0
    ppm: Callable[[float], float] = lambda t: 0.0
    stalled: Callable[[float], bool] = lambda t: False
    ratios: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # true ones, without jitter, in samples

    def __post_init__(self) -> None:
        at = np.arange(PERIOD + self.block_in)
        self._sine = 0.5 * np.sin(2 * np.pi * at / PERIOD).astype(np.float32)[np.newaxis]
        self._random = np.random.default_rng(7)
        self._recorded = 0  # samples, also those that a stalled device lost
        self._due = 0.013  # seconds until the next block has been recorded
        self._block_began = self._now = 0.0

    def play(self, seconds: float) -> np.ndarray:
        """What is heard meanwhile, (samples,)"""
        rate, block = self.resampler.rate, self.block_out
        heard = np.zeros((1, int(seconds * rate) // block * block), np.float32)
        for start in range(0, heard.shape[1], block):
            while self._due <= self._now:
                self._record()
            first = self._position
            self.resampler.read_into(heard[:, start : start + block], self._late(self._now))
            self.delays.append((self._reached() - first) / self._step)
            self.ratios.append(self.resampler.ratio)
            self._now += block / rate
        return heard[0]

    def lose(self, seconds: float) -> None:
        """The recording device drops so much."""
        self._due += seconds

    def pause(self, seconds: float) -> None:
        """The playing device asks for nothing so long, while the other one goes on."""
        self._now += seconds

    @property
    def recorded_until(self) -> float:
        """Where the recording has got to at the end of what has been played."""
        return self._reached()

    @property
    def _step(self) -> float:
        return self.resampler.recorded_rate / self.resampler.rate

    @property
    def _position(self) -> float:
        return self.resampler._position + self.resampler._fraction

    def _record(self) -> None:
        if not self.stalled(self._due):
            start = self._recorded % PERIOD
            block = self._sine[:, start : start + self.block_in]
            self.resampler.write(block, self._late(self._due))
            self._recorded += self.block_in
        self._block_began = self._due
        self._due += self._seconds_per_block()

    def _reached(self) -> float:
        """Where the recording has got to by now, between two blocks too."""
        passed = (self._now - self._block_began) / self._seconds_per_block()
        return self._recorded - self.block_in + passed * self.block_in

    def _seconds_per_block(self) -> float:
        return self.block_in / self.resampler.recorded_rate / (1 + 1e-6 * self.ppm(self._now))

    def _late(self, time: float) -> float:
        return time + self._random.uniform(0, self.jitter)


SINE_STEP = 0.5 * (2 * np.sin(np.pi / PERIOD)) ** 2  # largest second difference of the sine


def roughness(heard: np.ndarray) -> float:
    """The largest second difference, 1 for the sine itself: clicks and kinks stand out."""
    return float(np.abs(np.diff(heard.astype(np.float64), 2)).max() / SINE_STEP)


def purity_db(heard: np.ndarray, ppm: float, step: float = 1.0) -> float:
    """Level of the sine, at its pitch `ppm` higher, over everything else. `step` is how many
    samples were recorded for each one that was played."""
    angle = 2 * np.pi / PERIOD * step * (1 + 1e-6 * ppm) * np.arange(len(heard))
    waves = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    sine = waves @ np.linalg.lstsq(waves, heard.astype(np.float64), rcond=None)[0]
    return float(20 * np.log10(np.linalg.norm(sine) / np.linalg.norm(heard - sine)))
