"""Figures agree with their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rtsep.metrics import StepTimes, sdr


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2, 1000)).astype(np.float32)


@pytest.mark.parametrize(
    ("scale", "expected"), [(0.9, 20), (1.1, 20), (0.99, 40), (0, 0), (2, 0), (-1, -6.0206)]
)
def test_sdr_of_a_signal_at_another_level(scale: float, expected: float) -> None:
    assert sdr(noise(), np.float32(scale) * noise()) == pytest.approx(expected, abs=1e-3)


def test_sdr_counts_every_sample_of_every_channel() -> None:
    truth = np.zeros((2, 100))
    truth[0, 0] = 3.0
    wrong = truth.copy()
    wrong[1, 99] = 0.3
    assert sdr(truth, wrong) == pytest.approx(20)


def test_sdr_of_independent_noise_is_its_level() -> None:
    assert sdr(noise(), noise() + noise(1) / 10) == pytest.approx(20, abs=0.3)


def test_sdr_of_a_perfect_estimate_is_infinite() -> None:
    assert sdr(noise(), noise()) == math.inf


def test_sdr_of_anything_in_silence_is_minus_infinite() -> None:
    assert sdr(np.zeros((2, 9)), np.ones((2, 9))) == -math.inf


def test_sdr_does_not_lose_precision_over_long_signals() -> None:
    truth = np.full((2, 3_000_000), 1e-3, np.float32)
    assert sdr(truth, truth * np.float32(0.999)) == pytest.approx(60, abs=0.01)


def test_percentiles_are_those_of_numpy() -> None:
    seconds = np.random.default_rng(0).gamma(2, 0.01, 1234)
    times = StepTimes(1.0)
    for value in seconds:
        times.add(value)
    found = times.milliseconds()
    assert list(found) == ["p50", "p90", "p99", "p99.9", "max"]
    expected = [*np.percentile(seconds, [50, 90, 99, 99.9]), seconds.max()]
    assert list(found.values()) == pytest.approx(1000 * np.array(expected), abs=6e-4)
    assert len(times) == 1234


def test_misses_are_longer_than_the_deadline() -> None:
    times = StepTimes(0.25)
    for seconds in (0.1, 0.25, 0.2501, 3.0):
        times.add(seconds)
    assert times.misses == 2


def test_without_steps_there_is_nothing_to_tell() -> None:
    assert (StepTimes(1.0).milliseconds(), StepTimes(1.0).misses) == ({}, 0)
