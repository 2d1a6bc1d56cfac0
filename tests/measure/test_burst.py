"""Bursts found in arrays: to the sample, far below the noise, and never where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_rig import music

from rtsep.errors import ConfigError
from rtsep.measure.roundtrip.agreement import DRIFTS, EXACT, LOST, VARIES, agreement
from rtsep.measure.roundtrip.burst import LEVELS_DB, make_burst
from rtsep.measure.roundtrip.correlate import (
    Arrival,
    _correlate,
    _log_false_alarm,
    find_burst,
    power_in_band,
)

RATE = 44_100
PLAYED = 4_500  # where in a recording the burst begins to be played
SAMPLES = 40_000
LEVEL_DB = -18.0
LEFT, RIGHT = make_burst(RATE, 1, LEVEL_DB)


def recording(
    delay: int, *, gain: float = 1.0, snr_db: float | None = None, seed: int = 0
) -> np.ndarray:
    """(SAMPLES,): the left burst, `delay` late, in white noise that is so much weaker in its
    band."""
    heard = np.zeros(SAMPLES)
    heard[PLAYED + delay :][: len(LEFT)] = gain * LEFT
    if snr_db is not None:
        noise = np.random.default_rng(seed).standard_normal(SAMPLES)
        power = gain**2 * np.mean(LEFT.astype(float) ** 2)
        heard += noise * math.sqrt(power / power_in_band(noise, RATE) / 10 ** (snr_db / 10))
    return heard.astype(np.float32)


def found(heard: np.ndarray) -> Arrival:
    arrival = find_burst(heard, LEFT, PLAYED, RATE)
    assert arrival is not None
    return arrival


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_a_burst_is_as_loud_as_said_and_stays_in_its_band(rate: int) -> None:
    burst = make_burst(rate, 3, LEVELS_DB[1]).astype(float)
    assert 10 * np.log10(np.mean(burst**2)) == pytest.approx(LEVELS_DB[1], abs=0.3)
    assert np.abs(burst).max() < 0.95
    spectrum = np.abs(np.fft.rfft(burst)) ** 2
    hertz = np.fft.rfftfreq(burst.shape[1], 1 / rate)
    inside = (hertz > 190) & (hertz < min(8_010, rate / 2))
    assert spectrum[:, inside].sum() > 0.9999 * spectrum.sum()
    assert np.abs(burst[:, [0, -1]]).max() < 1e-6  # it begins and ends in silence


def test_no_burst_is_like_another() -> None:
    bursts = np.concatenate([make_burst(RATE, seed, LEVEL_DB) for seed in range(4)])
    likeness = np.corrcoef(bursts) - np.eye(len(bursts))
    assert np.abs(likeness).max() < 0.06  # 5 standard deviations
    assert np.array_equal(make_burst(RATE, 2, LEVEL_DB), bursts[4:6])


@pytest.mark.parametrize("level", [-61.0, 0.0, math.nan])
def test_levels_that_hurt_or_drown_are_refused(level: float) -> None:
    with pytest.raises(ConfigError, match=r"between -60 and -6 dB.*got"):
        make_burst(RATE, 0, level)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 13_000), st.floats(-12.0, 40.0), st.sampled_from([1.0, -0.3, 0.01]))
def test_it_is_found_to_the_sample_in_noise(delay: int, snr_db: float, gain: float) -> None:
    arrival = found(recording(delay, gain=gain, snr_db=snr_db, seed=delay))
    assert arrival.samples == delay
    assert arrival.inverted == (gain < 0)
    assert arrival.gain_db == pytest.approx(20 * math.log10(abs(gain)), abs=1.5)
    assert arrival.snr_db == pytest.approx(snr_db, abs=2.0)
    assert arrival.sigma > 7 and arrival.false_alarm < -6


def test_without_noise_it_is_exact() -> None:
    arrival = found(recording(593))
    assert (arrival.samples, arrival.echoes, arrival.snr_db) == (593, 0, None)
    assert abs(arrival.fraction) < 1e-6 and abs(arrival.gain_db) < 1e-6
    assert arrival.sigma > 80 and arrival.false_alarm < -1000 and arrival.second_db < -20


@pytest.mark.parametrize("fraction", [-0.4, 0.25])
def test_a_fraction_of_a_sample_is_told(fraction: float) -> None:
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(SAMPLES) * fraction)
    heard = np.fft.irfft(np.fft.rfft(recording(700)) * turn, SAMPLES).astype(np.float32)
    arrival = found(heard)
    assert arrival.samples == 700
    assert arrival.fraction == pytest.approx(fraction, abs=0.03)
    assert arrival.gain_db == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("kind", ["white", "tone", "click", "hum and click", "music", "right"])
def test_no_burst_is_claimed_where_there_is_none(kind: str) -> None:
    at = np.arange(SAMPLES) / RATE
    click = np.zeros(SAMPLES)
    click[20_000] = 1
    sounds = {
        "tone": np.sin(2 * np.pi * 1000 * at),
        "click": click,
        "hum and click": np.sin(2 * np.pi * 50 * at) + 0.1 * click,
        "music": music(SAMPLES / RATE)[0],
        "right": np.concatenate([np.zeros(10_000), RIGHT, np.zeros(SAMPLES)])[:SAMPLES],
    }
    for seed in range(30 if kind == "white" else 1):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(SAMPLES)
        sound = noise if kind == "white" else sounds[kind]
        assert find_burst(sound.astype(np.float32), LEFT, PLAYED, RATE) is None


@pytest.mark.parametrize("kind", ["white", "tone", "click"])
def test_correlation_by_chance_spreads_by_one_sigma_whatever_is_heard(kind: str) -> None:
    """Over bursts, as a tone is like some of them more than like others."""
    click = np.zeros(SAMPLES)
    click[20_000] = 1
    noise = np.random.default_rng(0).standard_normal(SAMPLES)
    tone = np.sin(0.3 * np.arange(SAMPLES))
    sound = {"white": noise, "tone": tone, "click": click}[kind]
    squares = [
        np.mean(_correlate(sound, burst.astype(float), RATE)[1] ** 2)
        for seed in range(10)
        for burst in make_burst(RATE, 100 + seed, LEVEL_DB)
    ]
    assert 0.3 < np.sqrt(np.mean(squares)) < 1.3


def test_the_tail_of_the_statistic_is_a_normal_one() -> None:
    _, sigmas = zip(
        *(
            _correlate(
                np.random.default_rng(seed).standard_normal(SAMPLES), LEFT.astype(float), RATE
            )
            for seed in range(10)
        ),
        strict=True,
    )
    for z in (2.0, 3.0):
        share = float(np.mean(np.concatenate(sigmas) > z))
        assert 0.6 < share / math.erfc(z / math.sqrt(2)) < 1.2


def test_the_chance_goes_on_below_the_smallest_float() -> None:
    chances = [_log_false_alarm(sigma, 1000) for sigma in (0.1, 5.0, 29.999, 30.001, 80.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 0
    assert chances[2] == pytest.approx(chances[3], abs=0.1)


def test_silence_and_a_short_recording_hold_no_burst() -> None:
    assert find_burst(np.zeros(SAMPLES, np.float32), LEFT, PLAYED, RATE) is None
    assert find_burst(LEFT[:1000], LEFT, 0, RATE) is None


def test_the_direct_way_counts_and_not_a_louder_echo() -> None:
    heard = recording(400, gain=0.6) + recording(1400) + recording(3000, gain=0.4)
    arrival = found(heard)
    assert (arrival.samples, arrival.echoes) == (400, 2)
    assert arrival.second_db > 0


def test_a_coloured_way_under_hum_is_found_to_the_sample() -> None:
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    colour = 1 / (1 + (hertz / 900) ** 2) + 3 * np.exp(-(((hertz - 2500) / 80) ** 2))
    heard = np.fft.irfft(np.fft.rfft(recording(900, gain=0.05)) * colour, SAMPLES)
    heard += np.sin(2 * np.pi * 50 * np.arange(SAMPLES) / RATE)
    assert found(heard.astype(np.float32)).samples == 900


def arrival(delay: float) -> Arrival:
    samples = math.floor(delay + 0.5)
    return Arrival(
        samples=samples, fraction=delay - samples, gain_db=0.0, inverted=False, sigma=50.0,
        false_alarm=-500.0, second_db=-20.0, echoes=0, snr_db=40.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("delays", "verdict", "samples"),
    [
        ([593.0] * 8, EXACT, 593),
        ([593.4, 593.6, 593.5, 593.45], EXACT, 593),
        ([593.0] * 7 + [849.0], EXACT, 593),  # a block was lost once
        ([593.0, 593.0, 849.0, 849.0], VARIES, 593),
        ([593.0, 600.0], VARIES, 593),
        ([100.0, 101.0, 102.0, 103.1], DRIFTS, 101),
        ([593.0, None, None, 593.0], LOST, 593),
        ([None, None], LOST, 0),
    ],
)
def test_what_bursts_say_together(delays: list[float | None], verdict: str, samples: int) -> None:
    arrivals = [None if delay is None else arrival(delay) for delay in delays]
    said = agreement(arrivals, [RATE * index for index in range(len(delays))])
    assert (said.verdict, said.samples) == (verdict, samples)
    assert (said.drift_ppm != 0) == (verdict == DRIFTS)
    assert said.found == sum(delay is not None for delay in delays)
