"""Percentiles of a histogram are those of its durations, to the width of a bin."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.ring.arena import Arena
from rtsep.ring.histogram import Histogram

BIN = 10 ** (1 / 100)


def histogram() -> Histogram:
    return Histogram(Arena(bytearray(1 << 14)))


def test_an_empty_one_says_nothing() -> None:
    assert histogram().milliseconds() == {} and len(histogram()) == 0


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 1.0])
def test_percentiles(scale: float) -> None:
    times = scale * np.random.default_rng(2).lognormal(0, 0.5, 20_000)
    found = histogram()
    for seconds in times:
        found.add(float(seconds))
    told = found.milliseconds()
    assert len(found) == len(times)
    for name, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9)):
        assert told[name] == pytest.approx(
            1000 * np.percentile(times, percent), rel=BIN - 1, abs=1e-4
        )
    assert told["max"] == pytest.approx(1000 * times.max(), abs=1e-4)
    assert told["last"] == pytest.approx(1000 * times[-1], abs=1e-4)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 1e9])
def test_absurd_durations_are_counted_at_the_ends(seconds: float) -> None:
    found = histogram()
    found.add(seconds)
    assert len(found) == 1
    assert found.milliseconds()["p50"] <= found.milliseconds()["max"] + 1e-2


def test_another_view_of_the_memory_sees_the_same() -> None:
    memory = bytearray(1 << 14)
    writer, reader = Histogram(Arena(memory)), Histogram(Arena(memory))
    writer.add(0.25)
    assert reader.milliseconds() == writer.milliseconds()
    assert reader.milliseconds()["max"] == 250.0
