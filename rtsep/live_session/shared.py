"""What the processes of a session share: rings, the desk's control block, meters, counters.

Memory without a name: it is inherited by the children that are started with it, and gone with the
last of them, however they end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np

from rtsep.config import StreamSpec
from rtsep.errors import ConfigError
from rtsep.instant.settings import DELAY, DELAYS, InstantSettings
from rtsep.mixer.conceal import Ratios
from rtsep.mixer.control import Control
from rtsep.mixer.meters import CueMeter, Meters
from rtsep.player.lane import Lane
from rtsep.player.marks import FeedMarks
from rtsep.ring.arena import Arena
from rtsep.ring.histogram import Histogram
from rtsep.ring.records import Records
from rtsep.ring.ring import Ring
from rtsep.timeline import CALLBACK, HOP, PAUSE

SHARED_BYTES = 1 << 26
INSTANT_BYTES = 1 << 25  # more, where there is an instant path
RING_SECONDS = 4.0  # beyond the delay: what a stalled engine may be behind and still know
TAPE_SECONDS = 8.0  # what a slow disk may be behind
NOTED_CALLBACKS, NOTED_HOPS, NOTED_PAUSES = 1 << 13, 1 << 10, 1 << 11  # the newest ones


def allocate(context: SpawnContext, *, instant: bool = False) -> Any:
    """Zeroed bytes to pass to processes at their start. Those that nobody writes take no memory."""
    return context.RawArray("b", _Unwritten(SHARED_BYTES + INSTANT_BYTES * instant))


class _Unwritten(Sequence[int]):
    """The first values of an array that keeps what it is made of: the system's zeroed memory."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __getitem__(self, index: Any) -> Any:
        raise IndexError(index)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All that must be known to find one's way in the shared memory. Lengths in samples of `rate`.

    `delay` is from a sample's arrival in the audio process to the moment its stems are heard, at
    the beginning; `Shared.delay` says how long it is now. `instant_delay` is the same on the
    instant path, whose hops are `instant_hop` long; 0 where there is none. Blocks that are longer
    than `longest_block` are cut. `true_stems` come from a file instead of a network, and have to
    know how the input is trimmed.
    """

    spec: StreamSpec
    stems: int
    channels: int
    rate: int
    delay: int
    longest_block: int
    instant_delay: int = 0
    instant_hop: int = DELAYS[DELAY]
    true_stems: bool = False  # which are fed too

    @property
    def ring_samples(self) -> int:
        window = self.spec.window * self.rate // self.spec.sample_rate
        return max(self.delay, window) + int(RING_SECONDS * self.rate)

    @property
    def instant(self) -> InstantSettings:
        """Of the instant path, if there is one."""
        return instant_settings(self.stems, self.channels, self.rate, self.instant_hop)

    @property
    def tape_samples(self) -> int:
        return int(TAPE_SECONDS * self.rate)

    @property
    def tape_channels(self) -> int:
        """Every stem, the mix, and the input."""
        return (self.stems + 2) * self.channels

    @property
    def mix_rows(self) -> slice:
        """Of the tape."""
        return slice(self.stems * self.channels, (self.stems + 1) * self.channels)


def instant_settings(
    stems: int, channels: int, rate: int, hop: int = DELAYS[DELAY]
) -> InstantSettings:
    """Of a session's instant path. At the rate of its devices: masks need no conversion."""
    return InstantSettings(stems=stems, channels=channels, sample_rate=rate, hop=hop)


class Counters:
    """Figures that only count up. Each has one writer."""

    def __init__(self, arena: Arena) -> None:
        def count() -> Any:
            return arena.take(1, np.int64)

        # written by the audio process
        self.callbacks, self.xruns = count(), count()
        self.at_once = count()  # the most samples that a device has brought; 0 if unknown
        self.sanitized, self.concealed, self.gaps, self.limited = (count() for _ in range(4))
        self.feed_position = count()  # what of the feed has been played
        self.starved = count()  # samples of silence because the feed was late
        self.callback_times = Histogram(arena)
        # written by the engine
        self.steps, self.misses, self.skipped = count(), count(), count()
        self.step_times = Histogram(arena)
        # written by the instant path
        self.instant_hops, self.instant_late = count(), count()
        self.instant_frames = count()  # that its memory holds
        self.instant_fit = arena.take(1, np.float64)  # how well those explain the sound, 0 to 1
        self.instant_times = Histogram(arena)
        # written by the main process
        self.feed_ended = arena.take(1, np.bool_)  # nothing more will come


class Shared:
    """One process's view of the shared memory."""

    def __init__(self, buffer: Any, layout: Layout) -> None:
        """Raises ConfigError when the settings need more memory than there is."""
        arena = Arena(buffer)
        pair = layout.channels
        try:
            self.control = Control(arena, layout.stems)
            self._delays = arena.take(2, np.int64)  # of each path
            self.meters = Meters(arena, layout.stems, sample_rate=layout.rate)
            self.cue_meter = CueMeter(arena, sample_rate=layout.rate)
            self.counters = Counters(arena)
            self.ratios = Ratios(arena, layout.stems)
            self.input = Ring(arena, pair, layout.ring_samples)
            self.feed = Ring(arena, pair, layout.ring_samples)
            self.stems = Ring(arena, layout.stems * pair, layout.ring_samples)
            self.instant = (
                Ring(arena, layout.stems * pair, layout.ring_samples)
                if layout.instant_delay
                else None
            )
            # What the input was turned up by.
            self.trim = Ring(arena, 1, layout.ring_samples) if layout.true_stems else None
            self.tape = Ring(arena, layout.tape_channels, layout.tape_samples)
            self.callbacks = Records(arena, CALLBACK, NOTED_CALLBACKS)
            self.hops = Records(arena, HOP, NOTED_HOPS)
            # Of the engine, while it is profiled; then of files that are played.
            self.collections, self.wakings = (Records(arena, PAUSE, NOTED_PAUSES) for _ in range(2))
            self.marks = FeedMarks(arena)
            self.feed_stems = (
                Ring(arena, layout.stems * pair, layout.ring_samples) if layout.true_stems else None
            )
        except MemoryError as error:
            beside = " beside the instant path" if layout.instant_delay else ""
            raise ConfigError(
                f"{layout.stems} stems at {layout.rate} Hz with a delay of {layout.delay} samples "
                f"do not fit{beside}: {error}; take a lower --samplerate, or a shorter window or "
                "hop"
            ) from error
        self.layout = layout

    def begin(self) -> None:
        """At the very beginning of a session, by whoever made the memory."""
        self.control.reset()
        self.delay, self.instant_delay = self.layout.delay, self.layout.instant_delay

    def reset_meters(self) -> None:
        """Silence. By the audio process, or while none runs."""
        self.meters.reset()
        self.cue_meter.reset()

    @property
    def delay(self) -> int:
        """As `Layout.delay`, now. Written by the main process."""
        return int(self._delays[0])

    @delay.setter
    def delay(self, samples: int) -> None:
        self._delays[0] = samples

    @property
    def instant_delay(self) -> int:
        """As `delay`, on the instant path."""
        return int(self._delays[1])

    @instant_delay.setter
    def instant_delay(self, samples: int) -> None:
        self._delays[1] = samples

    @property
    def lane(self) -> Lane:
        """For files that are fed."""
        layout = self.layout
        return Lane(
            self.feed, self.feed_stems, self.counters, self.marks, layout.rate, layout.longest_block
        )

    @property
    def path(self) -> int:
        """That is asked for, as a place in PATHS."""
        return int(self.control.path[0])

    def delay_on(self, path: int) -> int:
        """Whoever needs both reads `path` once: it may change at any moment."""
        return self.instant_delay if path else self.delay
