"""Where a session's input comes from, and what is known of it beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from bench.soak.music import Audio, excerpt
from rtsep.audio.drift import AdaptiveResampler, needed_delay
from rtsep.live_session.shared import Shared
from rtsep.player.feeder import Feeder
from rtsep.player.lane import Lane
from rtsep.player.reel import BLOCK, Straight

SETTLING_SECONDS = 10.0  # in which a control loop finds a drift
SLIDING_SECONDS = 40.0  # in which it makes a delay longer by a block


class Input(Protocol):
    """`take` returns what the callback is given, and what it then has to work with."""

    def take(self, count: int, now: float) -> tuple[Audio | None, Audio]: ...


class DeviceInput:
    """A sound card; what it loses is `lost`."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._position = 0
        self.gain = 1.0
        self.song = 0
        self.bad = np.zeros(0, np.float32)  # what comes in place of music, on the next samples

    def peak(self, seconds: float) -> float:
        """Of what comes next, without gain."""
        count = int(seconds * self._rate)
        ahead = excerpt(self._rate, self._channels, self._position, count, self.song)
        return float(np.abs(ahead).max())

    def lose(self, samples: int) -> None:
        self._position += samples

    def take(self, count: int, now: float) -> tuple[Audio | None, Audio]:
        heard = excerpt(self._rate, self._channels, self._position, count, self.song)
        self._position += count
        spoil(heard, self)
        return heard, heard


def spoil(heard: Audio, by: DeviceInput) -> None:
    """As the faults that are on have it, in place."""
    if by.gain != 1:
        heard *= np.float32(by.gain)
    if by.bad.size:
        now = by.bad[: heard.shape[1]]
        by.bad = by.bad[now.size :]
        heard[:, : now.size] = now


class FileInput:
    """A file, by the real feeder, which the disk keeps waiting now and then."""

    def __init__(self, shared: Shared, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._read = self._played = 0
        self._next_fill = 0.0
        self.asleep = 0
        self.starved = 0
        lane = Lane(shared.feed, None, shared.counters, shared.marks, rate)
        self._feeder = Feeder(Straight(self._blocks()), lane)

    def _blocks(self) -> Iterator[Audio]:
        while True:
            block = excerpt(self._rate, self._channels, self._read, BLOCK)
            self._read += BLOCK
            yield block

    def take(self, count: int, now: float) -> tuple[Audio | None, Audio]:
        if now >= self._next_fill and not self.asleep:
            self._feeder.fill()
            self._next_fill = now + 0.05
        ready = min(self._read - self._played, count)
        heard = np.zeros((self._channels, count), np.float32)
        heard[:, :ready] = excerpt(self._rate, self._channels, self._played, ready)
        self._played += ready
        self.starved += count - ready
        return None, heard


class TwoClocksInput(DeviceInput):
    """A recording device with a clock of its own, joined to the playing one by the real resampler.

    It records a tone, so that what comes out is known between samples too. `worst` are, as shares
    of what is allowed, how far the tone was from itself, and the delay from the declared one.
    """

    HERTZ = (331.0, 547.0)
    LEVEL = 0.35
    EXACT = 2e-4
    STRAYS_SECONDS = 3e-3  # from one drift of 1000 ppm to the opposite one, and callbacks' jitter
    JITTER_SECONDS = 1e-4

    def __init__(self, rate: int, block: int, rng: np.random.Generator) -> None:
        super().__init__(rate, 2)
        self._block, self._rng = block, rng
        self.ppm = 0.0
        self.deaf = 0  # faults that keep it from recording
        self.gaps = 0
        self.worst = {"tone": 0.0, "delay": 0.0}
        self.checked = 0
        self._omega = 2 * np.pi * np.array(self.HERTZ)[:, None] / rate
        self.open(0.0)

    def open(self, now: float) -> None:
        """Both devices, at first or again."""
        self.resampler = AdaptiveResampler(2, self._rate, needed_delay(self._block, self._block))
        self.settled_at = now + SETTLING_SECONDS  # from when on the delay must be right
        self._recorded, self._due, self._began = 0, now + 0.0131, now

    def take(self, count: int, now: float) -> tuple[Audio | None, Audio]:
        while self._due <= now:
            self._record()
        heard = np.empty((2, count), np.float32)
        resampler, start = self.resampler, self.resampler._position + self.resampler._fraction
        played, gaps = resampler._playing, resampler.gaps
        resampler.read_into(heard, now + self._rng.uniform(0, self.JITTER_SECONDS))
        if played and resampler.gaps == gaps and now >= self.settled_at:
            self._compare(heard, start, now)
        self.gaps += resampler.gaps - gaps
        spoil(heard, self)
        return heard, heard

    def _record(self) -> None:
        late = self._rng.uniform(0, self.JITTER_SECONDS)
        if not self.deaf:
            at = self._recorded + np.arange(self._block)
            self.resampler.write(self._tone(at).astype(np.float32), self._due + late)
            self._recorded += self._block
        self._began = self._due
        self._due += self._seconds_per_block()

    def peak(self, seconds: float) -> float:
        return 2 * self.LEVEL

    def _tone(self, at: Any) -> Any:
        return self.LEVEL * (np.sin(self._omega * at) + np.sin(self._omega[::-1] * 0.37 * at))

    def _seconds_per_block(self) -> float:
        return self._block / self._rate / (1 + 1e-6 * self.ppm)

    def _compare(self, heard: Audio, start: float, now: float) -> None:
        """With the tone where the resampler says it is, and that with where it should be."""
        at = start + self.resampler.ratio * np.arange(heard.shape[1])
        off = float(np.abs(heard - self._tone(at)).max()) / self.EXACT
        reached = self._recorded - self._block
        reached += (now - self._began) / self._seconds_per_block() * self._block
        stray = abs(reached - start - self.resampler.delay) / (self.STRAYS_SECONDS * self._rate)
        # Not a number is worst of all.
        self.worst["tone"] = max(self.worst["tone"], off if off == off else math.inf)
        self.worst["delay"] = max(self.worst["delay"], stray)
        self.checked += heard.shape[1]
