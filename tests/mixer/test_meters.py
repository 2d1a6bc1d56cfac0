"""Peaks rise at once and fall slowly, RMS follows within its time, stems are shown as heard."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mixer_support import RATE, noise

from rtsep.mixer.meters import CueMeter, Meters
from rtsep.ring.arena import Arena

UNITY = np.ones(4)


def new_meters(buffer: bytearray | None = None) -> Meters:
    return Meters(Arena(buffer or bytearray(1024)), 4, sample_rate=RATE)


def sine(seconds: float, peak: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (peak * np.stack([np.sin(2 * np.pi * 441 * time)] * 2)).astype(np.float32)


def show(meters: Meters, mix: np.ndarray, block: int = 256, gains: np.ndarray = UNITY) -> None:
    """The same sound as input and mix, and split evenly among the stems."""
    for start in range(0, mix.shape[1], block):
        piece = mix[:, start : start + block]
        meters.update(piece, np.stack([piece / 4] * 4), gains, piece)


def test_silence_is_minus_infinity() -> None:
    meters = new_meters()
    for level in (meters.input, *meters.stems, meters.mix):
        assert level.peak_db == level.rms_db == -math.inf
    show(meters, np.zeros((2, 1000), np.float32))
    assert meters.mix.peak_db == -math.inf


@pytest.mark.parametrize("block", [64, 250, 1024])
def test_a_steady_sine(block: int) -> None:
    meters = new_meters()
    show(meters, sine(3, 0.5), block)
    for level in (meters.input, meters.mix):
        assert level.peak_db == pytest.approx(-6.02, abs=0.05)
        assert level.rms_db == pytest.approx(-9.03, abs=0.1)
    assert len(meters.stems) == 4
    for level in meters.stems:
        assert level.peak_db == pytest.approx(-18.06, abs=0.05)
        assert level.rms_db == pytest.approx(-21.07, abs=0.1)


def test_stems_are_measured_after_their_faders() -> None:
    meters = new_meters()
    show(meters, sine(3, 0.5), gains=np.array([1, 0.5, 0, 2]))
    peaks = [level.peak_db for level in meters.stems]
    assert peaks == pytest.approx([-18.06, -24.08, -math.inf, -12.04], abs=0.05)
    assert meters.stems[1].rms_db == pytest.approx(-27.09, abs=0.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_sample_is_a_peak_and_falls_20_db_a_second(sign: int) -> None:
    meters = new_meters()
    click = np.zeros((2, 64), np.float32)
    click[1, 17] = sign
    show(meters, click)
    assert meters.mix.peak_db == pytest.approx(0)
    show(meters, np.zeros((2, RATE // 2), np.float32), 100)
    assert meters.mix.peak_db == pytest.approx(-10, abs=0.1)


def test_rms_follows_within_its_time() -> None:
    meters = new_meters()
    show(meters, sine(0.3, 1))
    rising = 10 * math.log10((1 - math.exp(-1)) / 2)
    assert meters.mix.rms_db == pytest.approx(rising, abs=0.1)
    show(meters, np.zeros((2, 3 * RATE), np.float32))
    assert meters.mix.rms_db == pytest.approx(rising - 43.4, abs=0.2)  # ten times e down


def test_another_process_reads_what_this_one_measures() -> None:
    buffer = bytearray(1024)
    meters, reader = new_meters(buffer), new_meters(buffer)
    show(meters, noise(3000, 1)[0])
    assert reader.mix == meters.mix and reader.stems == meters.stems
    assert reader.input.peak_db > -20


def test_an_empty_block_changes_nothing() -> None:
    meters = new_meters()
    show(meters, sine(0.1, 1))
    before = meters.mix
    meters.update(np.zeros((2, 0)), np.zeros((4, 2, 0)), UNITY, np.zeros((2, 0)))
    assert meters.mix == before


def test_headphones_have_a_meter_of_their_own() -> None:
    buffer = bytearray(1024)
    meter, reader = (CueMeter(Arena(buffer), sample_rate=RATE) for _ in range(2))
    cue = sine(3, 0.5)
    for start in range(0, cue.shape[1], 250):
        meter.update(cue[:, start : start + 250])
    meter.update(cue[:, :0])
    assert reader.level.peak_db == pytest.approx(-6.02, abs=0.05)
    assert reader.level.rms_db == pytest.approx(-9.03, abs=0.1)
    meter.reset()
    assert reader.level.peak_db == -math.inf
