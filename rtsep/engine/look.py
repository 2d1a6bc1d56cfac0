"""A first look at what a machine holds, for sessions on one that was never tuned.

A few steps, in seconds instead of the minutes that `rtsep tune` takes: enough for a hop and a
budget that surely hold. What more there is to gain shows while the session plays.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from rtsep.config import MOST_LATENCY, StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.separator import Separator
from rtsep.engine.trial import LOOKAHEAD_FRAMES
from rtsep.engine.tune import HOP_FRAMES, WINDOW_SECONDS
from rtsep.errors import ConfigError

LOOK_SECONDS = 5.0  # after which what is known by then must do
FIRST_FRAMES = 8  # of the hop that is tried first
FIRST_SECONDS, FEWEST_STEPS = 1.0, 3  # of it; threads take a while to find their number
SURE = 0.65  # of a hop, that a step may take alone: live it is interrupted, and caches grow cold
SLOW_SHARE = 0.1  # of the steps, that may take longer
LIVE = 1.5  # times as long as the slowest step alone, that a live one may well take
WARM_UP_STEPS = 3
SETTLING_WINDOWS = 2  # after which no step saw anything but silence


@dataclass(frozen=True, kw_only=True)
class Look:
    """A stream that is ready to play. Times in seconds: what its steps may take before they are
    late, and what they took."""

    hops: HopStream
    budget: float
    steps: tuple[float, ...]


def look(separator: Separator, *, watched: bool = False) -> Look:
    """A stream that should hold, or has the longest hop where none does.

    Raises ConfigError for a network that no setting fits.
    """
    ends = time.monotonic() + LOOK_SECONDS
    specs = candidates(separator)
    first = min(specs, key=lambda spec: abs(spec.hop - FIRST_FRAMES * spec.frame))
    hops = separator.hops(first, watched=watched)
    hops.fill()
    steps = _some_steps(hops)
    hops.adopt(_sure(specs, first, steps))
    steps = make_ready(hops)
    while (longer := _sure(specs, hops.spec, steps)).hop > hops.spec.hop:
        hops.adopt(longer)
        if time.monotonic() > ends:
            break
        steps = _some_steps(hops)
    return Look(hops=hops, budget=_budget(hops.spec, max(steps)), steps=tuple(steps))


def _budget(spec: StreamSpec, slowest: float) -> float:
    """A hop and what a live step can well take, as far as that is still live."""
    hop, before = spec.hop / spec.sample_rate, spec.latency_samples / spec.sample_rate
    return max(hop, min(hop + LIVE * slowest, MOST_LATENCY - before))


def candidates(separator: Separator) -> list[StreamSpec]:
    """What is worth a try, shortest hops first. Raises ConfigError if nothing fits the network."""
    window = min(WINDOW_SECONDS, separator.longest_window)
    found: list[StreamSpec] = []
    for frames in HOP_FRAMES:
        try:
            spec = separator.spec(
                window=window,
                hop=frames * separator.frame_seconds,
                lookahead=LOOKAHEAD_FRAMES * separator.frame_seconds,
                mode=found[0].mode if found else None,  # a stream keeps its own
            )
        except ConfigError:
            if not found:
                raise
            break  # too long for the window, as all others are then
        found.append(spec)
    return found


def make_ready(hops: HopStream) -> list[float]:
    """Steps on silence; the seconds that each took, without the first ones if there are others.

    The first steps that matter are then no slower than the others. Where a new stream would be
    slower until its window is full, it is not begun anew after that: silence has come before.
    """
    spec = hops.spec
    hops.fill()
    count = WARM_UP_STEPS
    if hops.starts_slowly:
        count += SETTLING_WINDOWS * spec.window // spec.hop
    times = [_step(hops) for _ in range(count)]
    if not hops.starts_slowly:
        hops.reset()
    return times[WARM_UP_STEPS:] or times


def _some_steps(hops: HopStream) -> list[float]:
    """What they took, without the first half."""
    hop_seconds, times = hops.spec.hop / hops.spec.sample_rate, list[float]()
    while sum(times) < FIRST_SECONDS or len(times) < 2 * FEWEST_STEPS:
        times.append(_step(hops))
        if len(times) >= FEWEST_STEPS and min(times) > hop_seconds:
            break  # out of reach
    return times[len(times) // 2 :]


def _step(hops: HopStream) -> float:
    silence = torch.zeros(1, hops.channels, hops.spec.hop)
    began = time.perf_counter()
    hops.step(silence)
    return time.perf_counter() - began


def _sure(specs: Sequence[StreamSpec], tried: StreamSpec, steps: Sequence[float]) -> StreamSpec:
    """The shortest hop whose steps should leave enough time, else the longest."""
    slow = sorted(steps)[int((1 - SLOW_SHARE) * len(steps))]
    for spec in specs:
        if slow * spec.cost(tried) <= SURE * spec.hop / spec.sample_rate:
            return spec
    return specs[-1]
