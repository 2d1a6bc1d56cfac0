"""Measure the points of a map: SDR of a stream in each of its settings, and offline.

A stream runs in: it hears a window of the song before the excerpt that is scored, on the instant
path 20 s, where the song has so much, as it would after a while of live use. Offline separation
sees a segment on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rtsep.config import DEFAULTS, StreamSpec
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.instant.settings import hop_of
from rtsep.measure.grid import cost
from rtsep.measure.songs import (
    MIXTURE,
    Audio,
    Song,
    check_stems,
    excerpt,
    read_song,
    score,
    streamed,
)
from rtsep.metrics import StepTimes
from rtsep.report.map_table import INSTANT, OFFLINE, Measurement, Point

KNOWN_SECONDS = 20.0  # of the song, that the memory of the instant path has heard before
SECONDS = 10.0  # enough to tell settings apart by some tenths of a dB
_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Take:
    """The part of a song that is scored: samples `first` up to `last` of what is kept of it."""

    name: str
    song: Song
    first: int
    last: int
    start_s: float
    seconds: float

    def truth(self) -> Song:
        return excerpt(self.song, self.first, self.last)

    def surrounded(self, before: int, after: int) -> tuple[Audio, slice]:
        """The mixture with as much around it as there is, and where the take lies in that."""
        begin = max(self.first - before, 0)
        mix = self.song[MIXTURE][:, begin : self.last + after]
        return mix, slice(self.first - begin, self.last - begin)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A point to measure; without a spec offline. With a `delay`, in seconds, it is one of the
    instant path, and the spec that of its late stems."""

    point: Point
    take: Take
    spec: StreamSpec | None
    delay: float | None = None

    @property
    def cost(self) -> float:
        """Seconds of audio that it computes, about."""
        run_in = min(self.take.start_s, self.run_in / self.spec.sample_rate) if self.spec else 0.0
        return cost(self.spec) * (run_in + self.take.seconds)

    @property
    def run_in(self) -> int:
        """Samples that a stream hears before the take, where there are so many."""
        if self.spec is None:
            return 0
        known = round(KNOWN_SECONDS * self.spec.sample_rate) if self.delay else 0
        return max(self.spec.window, known)


def take_song(
    separator: Separator, folder: Path, start: float | None, seconds: float | None
) -> Take:
    """`seconds` of a song from `start` on; by default from its middle, 10 s or what there is.

    Raises AudioFileError for a folder that is no song, ConfigError for an excerpt that is not in
    it or stems that the model does not give.
    """
    rate, name = separator.sample_rate, folder.resolve().name
    song = read_song(folder, rate, separator.channels)
    check_stems(separator.stems, song)
    length = song[MIXTURE].shape[1] / rate
    if seconds is None:
        seconds = min(SECONDS, length - (start or 0.0))
    if start is None:
        start = max(length - seconds, 0.0) / 2
    start, seconds = round(start, _DIGITS), round(seconds, _DIGITS)
    first = round(start * rate)
    last = first + round(seconds * rate)
    if not first < last <= song[MIXTURE].shape[1] + rate // 1000:  # what was rounded
        raise ConfigError(
            f"{name} is {length:.2f} s long and has no {seconds:g} s from {start:g} s on; "
            "choose another --start or --seconds"
        )
    margin = _margin(separator)
    begin = max(first - max(margin, round(KNOWN_SECONDS * rate)), 0)
    return Take(
        name=name,
        song={track: a.copy() for track, a in excerpt(song, begin, last + margin).items()},
        first=first - begin,
        last=last - begin,
        start_s=start,
        seconds=seconds,
    )


def all_jobs(
    separator: Separator,
    takes: Sequence[Take],
    specs: Sequence[StreamSpec],
    delays: Sequence[float] = (),
) -> list[Job]:
    """Offline first, then the instant path with these delays, then setting by setting as they are
    given, each on all takes."""
    late = late_spec(separator) if delays else None
    ways = [(None, None), *((late, delay) for delay in delays), *((spec, None) for spec in specs)]
    return [
        Job(point=_point(separator, take, spec, delay), take=take, spec=spec, delay=delay)
        for spec, delay in ways
        for take in takes
    ]


def late_spec(separator: Separator) -> StreamSpec:
    """Of the late stems that the instant path learns from: the usual one."""
    window = min(DEFAULTS.window, separator.longest_window)
    return separator.spec(window=window, hop=DEFAULTS.hop, lookahead=DEFAULTS.lookahead)


def measure(separator: Separator, job: Job, advance: Callable[[float], None]) -> Measurement:
    """Measure one point. `advance` hears of the parts of its cost, as they are done.

    Raises ConfigError when all stems of the song are silent there.
    """
    if job.spec is None:
        estimates, step_p50 = _offline(separator, job, advance), None
    else:
        estimates, step_p50 = _streamed(separator, job, job.spec, advance)
    return Measurement(
        point=job.point,
        device=separator.device.type,
        step_p50_ms=step_p50,
        sdr=score(separator.stems, job.take.truth(), estimates),
    )


def _streamed(
    separator: Separator, job: Job, spec: StreamSpec, advance: Callable[[float], None]
) -> tuple[Audio, float | None]:
    mix, scored = job.take.surrounded(job.run_in, spec.latency_samples)
    times = StepTimes(spec.hop / spec.sample_rate)
    steps = mix.shape[1] // spec.hop

    def heed(seconds: float) -> None:
        times.add(seconds)
        advance(job.cost / steps)

    path: dict[str, Any] = {} if job.delay is None else {"path": "instant", "delay": job.delay}
    stream = separator.stream(
        window=spec.window / spec.sample_rate,
        hop=spec.hop / spec.sample_rate,
        lookahead=spec.lookahead / spec.sample_rate,
        mode=spec.mode,
        **path,
    )
    stems = streamed(stream, mix, heed)[..., scored]
    return stems, times.milliseconds().get("p50") if job.delay is None else None


def _offline(separator: Separator, job: Job, advance: Callable[[float], None]) -> Audio:
    mix, scored = job.take.surrounded(_margin(separator), _margin(separator))
    pieces = []
    for piece in separator.separate_in_pieces(torch.from_numpy(mix)):
        pieces.append(piece.numpy())
        advance(job.cost * piece.shape[-1] / mix.shape[1])
    return np.concatenate(pieces, -1)[..., scored]


def _margin(separator: Separator) -> int:
    """Samples of a song that matter on either side of what is scored."""
    return round(separator.longest_window * separator.sample_rate)


def _point(separator: Separator, take: Take, spec: StreamSpec | None, delay: float | None) -> Point:
    times = {}
    if spec is not None:
        rate = spec.sample_rate
        hop, lookahead = spec.hop, spec.lookahead
        if delay is not None:
            hop = lookahead = hop_of(delay)
        times = {
            "window_s": round(spec.window / rate, _DIGITS),
            "hop_ms": round(1000 * hop / rate, _DIGITS),
            "lookahead_ms": round(1000 * lookahead / rate, _DIGITS),
        }
    return Point(
        song=take.name,
        model=separator.name,
        precision=separator.precision.name,
        start_s=take.start_s,
        seconds=take.seconds,
        mode=_mode(spec, delay),
        **times,
    )


def _mode(spec: StreamSpec | None, delay: float | None) -> str:
    if delay is not None:
        return INSTANT
    return spec.mode if spec else OFFLINE
