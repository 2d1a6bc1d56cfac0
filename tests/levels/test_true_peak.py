"""True peaks are found between the samples: the signals of EBU Tech 3341."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ebu_signals import TRUE_PEAK_ABOVE, TRUE_PEAK_BELOW, burst, sine

from rtsep.dsp.true_peak import TruePeak

RATES = [44_100, 48_000, 96_000]
CASES = {
    15: (4, 0.5, 0.0, -6.0),
    16: (4, 0.5, 45.0, -6.0),
    17: (6, 0.5, 60.0, -6.0),
    18: (8, 0.5, 67.5, -6.0),
    19: (4, 1.41, 45.0, 3.0),
}


def peak_db(sound: np.ndarray, block: int = 500) -> float:
    meter = TruePeak(len(sound))
    for at in range(0, sound.shape[1], block):
        meter.process(sound[:, at : at + block])
    return 20 * math.log10(meter.highest)


def within(found: float, expected: float) -> bool:
    return expected - TRUE_PEAK_BELOW <= found <= expected + TRUE_PEAK_ABOVE


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("case", CASES)
def test_case_15_to_19(rate: int, case: int) -> None:
    part, amplitude, degrees, expected = CASES[case]
    assert within(peak_db(sine(rate, part, amplitude, degrees)), expected)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("offset", range(4))
def test_case_20_to_23(rate: int, offset: int) -> None:
    assert within(peak_db(burst(rate, offset)), 0.0)


def test_samples_alone_would_not_do() -> None:
    """A quarter of the rate, met between its peaks: its samples are 3 dB lower."""
    sound = sine(48_000, 4, 0.5, 45.0)
    assert 20 * math.log10(np.abs(sound).max()) == pytest.approx(-9.03, abs=0.01)
    assert peak_db(sound) == pytest.approx(-6.02, abs=0.05)


@pytest.mark.parametrize("block", [1, 7, 47, 48, 49, 4096])
def test_blocks_of_any_sizes_give_the_same(block: int) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 3000)).astype(np.float32)
    assert peak_db(sound, block) == pytest.approx(peak_db(sound, 3000), abs=1e-5)


def test_it_is_held_until_a_reset_and_a_peak_at_the_very_end_counts() -> None:
    meter = TruePeak(1)
    click = np.zeros((1, 1000), np.float32)
    click[0, -1] = 0.8
    meter.process(click)
    assert meter.highest == pytest.approx(0.8)
    meter.process(np.zeros((1, 100_000), np.float32))
    assert meter.highest == pytest.approx(0.8, abs=0.01)
    meter.reset()
    meter.process(np.zeros((1, 1000), np.float32))
    assert meter.highest == 0


def test_after_a_reset_nothing_counts_from_before() -> None:
    """Also not what lay between its last samples, which is known only later."""
    loud, quiet = sine(48_000, 16, 0.5, 0.0), sine(48_000, 16, 0.01, 0.0)
    meter = TruePeak(2)
    meter.process(np.concatenate((loud, quiet[:, :8]), 1))
    meter.reset()
    meter.process(quiet[:, 8:])
    assert meter.highest == pytest.approx(0.01, rel=0.01)
