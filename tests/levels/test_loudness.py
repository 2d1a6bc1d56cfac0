"""Loudness is what the standards say it is: their own test signals, and beside FFmpeg."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ebu_signals import SURROUND, TOLERANCE, ffmpegs_opinion, surround, tones
from hypothesis import given, settings
from hypothesis import strategies as st
from music import SAMPLE_RATE, stempeg_stems

from rtsep.audio.resampling import ExactResampler
from rtsep.dsp.loudness import LoudnessMeter
from rtsep.dsp.programme import ProgrammeMeter
from rtsep.dsp.weighting import Weighting

RATES = [44_100, 48_000, 96_000]
SILENCE = -math.inf
# ITU-R BS.1770-5, tables 1 and 2: b and a of both filters, at 48 kHz.
HEAD = ([1.53512485958697, -2.69169618940638, 1.19839281085285],
        [1.0, -1.69065929318241, 0.73248077421585])  # fmt: skip
PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])


def measured(sound: np.ndarray, rate: int, *, block: int = 4_800) -> LoudnessMeter:
    meter = LoudnessMeter(rate, SURROUND if len(sound) == 5 else (1.0,) * len(sound))
    for at in range(0, sound.shape[1], block):
        meter.process(sound[:, at : at + block])
    return meter


def every_tenth(sound: np.ndarray, rate: int) -> list[tuple[float, float]]:
    """Seconds, and the meter's (M, S) then."""
    meter, told = LoudnessMeter(rate), []
    for at in range(0, sound.shape[1], rate // 10):
        meter.process(sound[:, at : at + rate // 10])
        told.append((meter.momentary, meter.short_term))
    return told


def filtered(b: list[float], a: list[float], x: np.ndarray) -> np.ndarray:
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = sum(b[k] * x[n - k] - (a[k] * y[n - k] if k else 0) for k in range(min(n, 2) + 1))
    return y


def test_at_48_khz_the_filters_are_those_of_the_tables() -> None:
    impulse = np.zeros((1, 1000))
    impulse[0, 0] = 1
    expected = filtered(*PASS, filtered(*HEAD, impulse[0]))
    np.testing.assert_allclose(
        Weighting(48_000, 1).process(impulse)[0], expected, rtol=0, atol=1e-12
    )


def response(rate: int, hertz: float) -> float:
    """Of the filters, in dB."""
    impulse = np.zeros((1, rate))
    impulse[0, 0] = 1
    wave = np.exp(-2j * np.pi * hertz * np.arange(rate) / rate)
    return float(20 * np.log10(abs(Weighting(rate, 1).process(impulse)[0] @ wave)))


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000, 192_000, 384_000])
def test_at_other_rates_they_weigh_alike(rate: int) -> None:
    """Where half the rate is near, a digital filter bends what an analogue one does."""
    near = 0.25 if rate < 16_000 else 0.03
    for hertz in (30, 100, 997, 2_000, 5_000, 10_000):
        if hertz < 0.4 * rate:
            assert response(rate, hertz) == pytest.approx(response(48_000, hertz), abs=near), hertz


def test_997_hertz_at_full_scale_in_one_channel() -> None:
    """Are -3.01 LUFS, as BS.1770 says."""
    sound = tones(48_000, (2, 0.0), hertz=997)[:1]
    assert measured(sound, 48_000).integrated == pytest.approx(-3.01, abs=0.005)


@pytest.mark.parametrize("rate", [*RATES, 11_025, 22_050, 192_000])
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_case_1_and_2(rate: int, level: float) -> None:
    meter = measured(tones(rate, (20, level)), rate)
    for loudness in (meter.momentary, meter.short_term, meter.integrated):
        assert loudness == pytest.approx(level, abs=TOLERANCE)


@pytest.mark.parametrize("rate", RATES[:2])
@pytest.mark.parametrize(
    "parts",
    [
        ((10, -36), (60, -23), (10, -36)),
        ((10, -72), (10, -36), (60, -23), (10, -36), (10, -72)),
        ((20, -26), (20.1, -20), (20, -26)),
    ],
)
def test_case_3_to_5(rate: int, parts: tuple[tuple[float, float], ...]) -> None:
    """What is gated, absolutely and relatively."""
    assert measured(tones(rate, *parts), rate).integrated == pytest.approx(-23, abs=TOLERANCE)


@pytest.mark.parametrize("rate", RATES)
def test_case_6(rate: int) -> None:
    """Channels that surround weigh more."""
    assert measured(surround(rate), rate).integrated == pytest.approx(-23, abs=TOLERANCE)


@pytest.mark.parametrize("rate", RATES)
def test_case_9(rate: int) -> None:
    sound = tones(rate, *5 * ((1.34, -20.0), (1.66, -30.0)))
    assert [short for _, short in every_tenth(sound, rate)[29:]] == [
        pytest.approx(-23, abs=TOLERANCE)
    ] * 121


@pytest.mark.parametrize("rate", RATES)
def test_case_12(rate: int) -> None:
    sound = tones(rate, *25 * ((0.18, -20.0), (0.22, -30.0)))
    assert [now for now, _ in every_tenth(sound, rate)[9:]] == [
        pytest.approx(-23, abs=TOLERANCE)
    ] * 91


@pytest.mark.parametrize("case", range(20))
def test_case_10_and_13(case: int) -> None:
    """Maxima of files that begin with silence."""
    sound = tones(48_000, (0.15 * case, SILENCE), (3, -23.0), (1, SILENCE))
    assert measured(sound, 48_000).short_term_max == pytest.approx(-23, abs=TOLERANCE)
    sound = tones(48_000, (0.02 * case, SILENCE), (0.4, -23.0), (1, SILENCE))
    assert measured(sound, 48_000).momentary_max == pytest.approx(-23, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("step", "length", "name"), [(0.15, 3.0, "short_term_max"), (0.02, 0.4, "momentary_max")]
)
def test_case_11_and_14(step: float, length: float, name: str) -> None:
    """The same for a live meter: the maximum grows with every tone."""
    meter, rate = LoudnessMeter(48_000), 48_000
    for case in range(20):
        silence = case * step
        parts = ((silence, SILENCE), (length, -38.0 + case), (length - silence, SILENCE))
        meter.process(tones(rate, *parts))
        assert getattr(meter, name) == pytest.approx(-38 + case, abs=TOLERANCE)


@given(cuts=st.lists(st.integers(0, 44_100), max_size=12), first=st.integers(0, 64))
@settings(max_examples=30, deadline=None)
def test_blocks_of_any_sizes_give_the_same(cuts: list[int], first: int) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44_100)).astype(np.float32)
    whole, cut = (ProgrammeMeter(44_100) for _ in range(2))
    whole.process(sound)
    for start, stop in pairwise(sorted({0, min(first, 44_100), *cuts, 44_100})):
        cut.process(sound[:, start:stop])
    for name, value in vars(whole.figures).items():
        assert getattr(cut.figures, name) == pytest.approx(value, abs=1e-5), name


def test_silence_is_no_loudness() -> None:
    meter = measured(np.zeros((2, 48_000 * 4), np.float32), 48_000)
    figures = (meter.momentary, meter.short_term, meter.integrated, meter.momentary_max)
    assert figures == (SILENCE,) * 4 and meter.seconds == 4


def test_music_that_has_died_away_is_silence_and_costs_no_more() -> None:
    """What filters remember dies away, too: tiny numbers would take a hundred times as long."""
    meter = measured(tones(48_000, (1, -20.0), (5, SILENCE)), 48_000)
    assert meter.momentary == meter.short_term == SILENCE
    assert not meter._weighting._frame.any()


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_broken_samples_are_silence(broken: float) -> None:
    sound = tones(48_000, (2, -20.0))
    sound[:, 48_000:48_010] = broken
    mended = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    one, other = (ProgrammeMeter(48_000) for _ in range(2))
    one.process(sound)
    other.process(mended)
    assert one.figures == other.figures and one.figures.integrated > -23


def test_huge_samples_are_measured() -> None:
    meter = ProgrammeMeter(48_000)
    meter.process(np.float32(1e9) * tones(48_000, (1, 0.0)))
    assert 170 < meter.figures.integrated < 200 and 170 < meter.figures.true_peak < 200


def test_a_reset_begins_anew_and_the_windows_go_on() -> None:
    meter = ProgrammeMeter(48_000)
    meter.process(tones(48_000, (5, -10.0), (0.01, -30.0)))
    meter.reset()
    figures = meter.figures
    assert figures.integrated == figures.true_peak == figures.short_term_max == SILENCE
    assert figures.short_term == pytest.approx(-10, abs=TOLERANCE) and figures.seconds == 0
    meter.process(tones(48_000, (5, -30.0)))
    figures = meter.figures
    for loudness in (figures.integrated, figures.short_term_max, figures.momentary_max):
        assert loudness == pytest.approx(-30, abs=TOLERANCE)
    assert figures.true_peak == pytest.approx(-30, abs=TOLERANCE) and figures.seconds == 5


def test_what_is_remembered_does_not_grow() -> None:
    """A night of music is as many bins as a minute."""
    meter = LoudnessMeter(8_000)
    blocks = meter._blocks
    for _ in range(36_000 * 8):
        blocks.add(0.01)
    assert len(blocks._powers) == len(blocks._counts) == 13_000
    assert meter.integrated == pytest.approx(-0.691 - 20, abs=1e-6)


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    """(2, n), of so many tenths of a second; with its dynamics."""
    whole = sum(stempeg_stems().values())
    assert isinstance(whole, np.ndarray)
    return np.ascontiguousarray(whole[:, : 5 * SAMPLE_RATE])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("gain", [0.02, 1.0, 3.0])
def test_ffmpeg_says_the_same_of_music(
    ffmpeg: str, song: np.ndarray, tmp_path: Path, rate: int, channels: int, gain: float
) -> None:
    """The three time scales within 0.1 LU, and the true peak within 0.2 dB."""
    resampler = ExactResampler(SAMPLE_RATE, rate, 2)
    block = np.ascontiguousarray(song.T)
    there = np.concatenate((resampler.take(block), resampler.end())).T
    sound = gain * np.stack([there[n % 2] * (1 - 0.1 * n) for n in range(channels)])
    expected = ffmpegs_opinion(ffmpeg, tmp_path / "song.wav", sound, rate)
    meter = ProgrammeMeter(rate, SURROUND if channels == 5 else (1.0,) * channels)
    for at in range(0, sound.shape[1], 1000):
        meter.process(sound[:, at : at + 1000])
    told = meter.figures
    assert told.momentary == pytest.approx(expected["M"], abs=TOLERANCE)
    assert told.short_term == pytest.approx(expected["S"], abs=TOLERANCE)
    assert told.integrated == pytest.approx(expected["I"], abs=TOLERANCE)
    assert told.true_peak == pytest.approx(expected["peak"], abs=0.2)
