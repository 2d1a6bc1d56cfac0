"""Two clocks joined: nothing lost, nothing heard, whatever the clocks do. In simulated time."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from two_clocks import PERIOD, TwoClocks, purity_db, roughness

from rtsep.audio.drift import FADE, MOST, AdaptiveResampler, Controller, Watch, needed_delay

RATE = 44_100
HOUR_RATE = 2205  # of samples; the control loop runs by the second, as it does at any rate


def joined(block_in: int = 256, block_out: int = 256, *, rate: int = RATE) -> AdaptiveResampler:
    return AdaptiveResampler(1, rate, needed_delay(block_in, block_out))


def strays(clocks: TwoClocks, since: int = 20) -> float:
    """How far the true delay was from the declared one at most, in samples."""
    return float(np.abs(np.array(clocks.delays[since:]) - clocks.resampler.delay).max())


@pytest.mark.parametrize("ppm", [1000, -1000])
def test_an_hour_of_drift(ppm: int) -> None:
    resampler = joined(rate=HOUR_RATE)
    clocks = TwoClocks(resampler=resampler, ppm=lambda t: ppm, jitter=2e-4)
    heard = clocks.play(3600)
    assert resampler.gaps == resampler.silence == 0
    assert strays(clocks) < 3  # of 600; without resampling the clocks part by 7938 samples
    assert resampler.drift == pytest.approx(ppm * 1e-6, abs=60e-6)
    assert roughness(heard[2000:]) < 1.01
    second = slice(-HOUR_RATE, None)
    assert purity_db(heard[second], ppm) > 40  # less only by what the jitter bends the pitch


@pytest.mark.parametrize("ppm", [1000, -300, 0])
def test_a_pure_tone_stays_pure(ppm: int) -> None:
    clocks = TwoClocks(resampler=joined(), ppm=lambda t: ppm)
    heard = clocks.play(40)
    assert purity_db(heard[-RATE:], ppm) > 90
    assert clocks.ratios[-1] == pytest.approx(1 + ppm * 1e-6, abs=1e-7)


@pytest.mark.parametrize(("block_in", "block_out"), [(64, 64), (64, 1024), (1024, 64), (441, 256)])
def test_blocks_of_any_length(block_in: int, block_out: int) -> None:
    """The delay grows to what the blocks need, and holds."""
    resampler = AdaptiveResampler(1, RATE, 256)
    sizes = {"block_in": block_in, "block_out": block_out}
    clocks = TwoClocks(resampler=resampler, ppm=lambda t: -500, jitter=1e-4, **sizes)
    heard = clocks.play(20)
    assert resampler.delay == max(256, needed_delay(block_in, block_out))
    assert resampler.gaps == 0 and strays(clocks, 400) < 40
    assert roughness(heard[-RATE:]) < 1.01


def test_steps_of_the_drift_are_not_heard() -> None:
    clocks = TwoClocks(
        resampler=joined(), ppm=lambda t: 1000 if t % 20 < 10 else -1000, jitter=2e-4
    )
    heard = clocks.play(35)
    assert clocks.resampler.gaps == 0
    assert strays(clocks) < 70  # 1.6 ms, for moments
    assert roughness(heard[2000:]) < 1.01
    assert max(abs(ratio - 1) for ratio in clocks.ratios) <= MOST


def test_the_delay_is_the_declared_one() -> None:
    """The input is known by its phase: a sample more of delay would be 7 degrees."""
    clocks = TwoClocks(resampler=joined(PERIOD * 5, PERIOD * 5), block_in=250, block_out=250)
    heard = clocks.play(3)
    # What is played as block k begins was recorded `delay` samples before.
    first = clocks.delays[-1] - clocks.resampler.delay
    assert abs(first) < 0.5
    position = clocks.recorded_until - clocks.resampler.delay - 250
    expected = 0.5 * np.sin(2 * np.pi * (position + np.arange(250)) / PERIOD)
    assert np.abs(heard[-250:] - expected).max() < 0.03


def test_a_dead_input_fades_out_and_comes_back() -> None:
    clocks = TwoClocks(resampler=joined(), ppm=lambda t: 400, stalled=lambda t: 5 <= t < 7)
    heard = clocks.play(20)
    resampler = clocks.resampler
    assert resampler.gaps == 1
    assert resampler.silence == pytest.approx(2 * RATE, rel=0.02)
    assert np.all(heard[int(5.1 * RATE) : int(6.9 * RATE)] == 0)
    assert roughness(heard) < 1.4  # the bend of the fades; a click would be above 60
    assert purity_db(heard[-RATE:], 400) > 60
    assert resampler.drift == pytest.approx(400e-6, abs=1e-6)


def test_a_click_would_be_noticed() -> None:
    sine = 0.5 * np.sin(2 * np.pi * np.arange(1000) / PERIOD)
    assert roughness(sine) == pytest.approx(1, abs=0.01)
    assert roughness(np.where(np.arange(1000) < 512, sine, 0)) > 10


def test_input_that_was_lost_leaves_a_hole_and_the_delay_as_it_was() -> None:
    clocks = TwoClocks(resampler=joined())
    clocks.play(4)
    clocks.lose(0.5)
    heard = clocks.play(4)
    assert clocks.resampler.gaps == 1
    assert clocks.resampler.silence == pytest.approx(0.5 * RATE, rel=0.02)
    assert roughness(heard) < 1.4
    assert strays(clocks, -100) < 2


def test_an_output_that_stood_still_does_not_leave_a_long_delay() -> None:
    clocks = TwoClocks(resampler=joined())
    clocks.play(2)
    clocks.pause(3.0)  # the recording goes on, over what was never played
    clocks.play(3)
    assert clocks.resampler.gaps == 1
    assert strays(clocks, -100) < 2


def test_a_block_shorter_than_the_fade() -> None:
    clocks = TwoClocks(resampler=joined(32, 16), block_in=32, block_out=16, stalled=lambda t: t > 1)
    heard = clocks.play(1.2)
    assert clocks.resampler.gaps == 1
    end = int(np.flatnonzero(heard)[-1])
    assert abs(heard[end]) < 0.02 and FADE > 16


def test_the_controller_forgets_nothing_of_the_clocks_and_never_exceeds_its_limit() -> None:
    controller = Controller()
    ratios = [controller.update(0.5, 0.01) for _ in range(1000)]
    assert max(ratios) == 1 + MOST
    assert controller.drift < MOST  # it did not wind up


def test_blocks_asked_for_together_begin_one_after_the_other() -> None:
    watch = Watch()
    times = [0.0, 0.0001, 0.0002, 0.0003, 0.0058, 0.0059]
    begins = [watch.begins(64 / RATE, now) for now in times]
    assert begins[:4] == pytest.approx([k * 64 / RATE for k in range(4)])
    assert begins[4:] == pytest.approx([0.0058, 0.0058 + 64 / RATE])


def test_writer_and_reader_in_two_threads() -> None:
    """The reader takes no lock and sees whole blocks, however the threads fall."""
    resampler = AdaptiveResampler(2, RATE, needed_delay(64, 64))
    ended = threading.Event()

    def record() -> None:
        block = np.full((2, 64), 0.25, np.float32)
        began, count = time.perf_counter(), 0
        while not ended.is_set():
            if time.perf_counter() >= began + count * 64 / RATE:
                resampler.write(block, began + count * 64 / RATE)
                count += 1

    thread = threading.Thread(target=record)
    thread.start()
    out, heard = np.zeros((2, 64), np.float32), []
    try:
        began = time.perf_counter()
        for count in range(600):
            while time.perf_counter() < began + count * 64 / RATE:
                time.sleep(0)
            resampler.read_into(out, began + count * 64 / RATE)
            heard.append(float(out[0, -1]))
    finally:
        ended.set()
        thread.join()
    assert set(np.round(heard, 4)) <= {0.0, 0.25} and 0.25 in np.round(heard, 4)


@pytest.mark.parametrize("blocks", [(64, 64), (256, 256), (480, 1024)])
def test_the_needed_delay_covers_both_blocks(blocks: tuple[int, int]) -> None:
    assert needed_delay(*blocks) > sum(blocks)
    assert math.isfinite(needed_delay(*blocks))
