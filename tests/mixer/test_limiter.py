"""Nothing leaves above full scale, what is below is untouched, and nothing clicks."""

from __future__ import annotations

import numpy as np
import pytest
from mixer_support import LONGEST, RATE, largest_step, noise, pieces

from rtsep.mixer.limiter import ATTACK, HOLD_SECONDS, Limiter

BLOCKS = [16, 64, 100, 256, 1024]


def limited(limiter: Limiter, signal: np.ndarray, block: int, on: bool = True) -> np.ndarray:
    out = signal.astype(np.float32)
    for piece in pieces(signal.shape[1], list(range(0, signal.shape[1], block))):
        limiter.process(out[:, piece], on)
    return out


def new_limiter() -> Limiter:
    return Limiter(2, RATE, LONGEST)


def sine(hertz: float, seconds: float, peak: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return peak * np.stack((np.sin(2 * np.pi * hertz * time), np.cos(2 * np.pi * hertz * time)))


def burst(peak: float) -> np.ndarray:
    """Music-like: noise with little treble, loud in its middle third."""
    signal = np.cumsum(noise(30000, 1, seed=4)[0], -1, dtype=np.float64)
    signal -= [np.convolve(channel, np.ones(500) / 500, "same") for channel in signal]
    signal /= np.abs(signal).max()
    signal *= np.interp(np.arange(30000), [9500, 10500, 20000, 21000], [0.5, 3, 3, 0.5])
    return signal * peak / np.abs(signal).max()


@pytest.mark.parametrize("block", BLOCKS)
def test_full_scale_passes_bit_by_bit(block: int) -> None:
    signal = sine(1000, 0.2, 1).astype(np.float32)
    signal[:, 100] = 1, -1
    limiter = new_limiter()
    np.testing.assert_array_equal(limited(limiter, signal, block), signal)
    assert limiter.limited == 0


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("hertz", [40, 100, 997, 9000])
@pytest.mark.parametrize("peak", [1.05, 2, 4])
def test_a_loud_sine(hertz: float, peak: float, block: int) -> None:
    """No sample over full scale; once the gain has settled, a clean sine at full scale."""
    signal, limiter = sine(hertz, 0.4, peak), new_limiter()
    out = limited(limiter, signal, block)
    assert np.abs(out).max() <= 1
    fastest = peak / ATTACK if block >= ATTACK else peak / block
    assert largest_step(out) <= largest_step(signal) + fastest
    settled = slice(round(0.1 * RATE), None)
    np.testing.assert_allclose(out[:, settled], signal[:, settled] / peak, rtol=0, atol=2e-3)
    assert limiter.limited == np.count_nonzero(np.abs(signal.astype(np.float32)).max(0) > 1)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_burst_of_noise(block: int) -> None:
    signal, limiter = burst(2), new_limiter()
    out = limited(limiter, signal, block)
    assert np.abs(out).max() <= 1 and np.abs(signal[:, :9000]).max() < 1
    assert largest_step(out) <= largest_step(signal) + 2 / min(block, ATTACK)
    np.testing.assert_array_equal(out[:, :9000], signal[:, :9000].astype(np.float32))
    loud = slice(11000, 19500)
    level = np.sqrt(np.mean(out[:, loud] ** 2) / np.mean(signal[:, loud] ** 2))
    assert 0.3 < level < 0.8


@pytest.mark.parametrize("block", [64, 256, 1024])
def test_the_gain_falls_before_the_first_loud_sample(block: int) -> None:
    """Nothing is clipped when a block has room before it: the shape of the wave is kept."""
    signal = np.full((2, block), 0.5)
    signal[:, block - 4 :] = 1.6
    gain = limited(new_limiter(), signal, block) / signal
    assert np.all(np.diff(gain) <= 1e-6) and gain[0, -1] == pytest.approx(1 / 1.6)
    assert np.abs(np.diff(gain)).max() < 0.4 / (block - 8)


def test_channels_are_linked() -> None:
    signal = sine(500, 0.1, 1)
    signal[0] *= 2
    signal[1] *= 0.5
    out = limited(new_limiter(), signal, 256)
    np.testing.assert_allclose(out[1, 2000:], signal[1, 2000:] / 2, rtol=0, atol=1e-3)


@pytest.mark.parametrize("block", [64, 1024])
def test_release_is_slow_and_complete(block: int) -> None:
    """A loud moment, then a quiet constant: held, then back to exactly one in 0.15 to 0.25 s."""
    signal = np.full((2, RATE), 0.25)
    signal[:, 1024:1034] = 2
    limiter = new_limiter()
    gain = limited(limiter, signal, block)[0] / np.float32(0.25)
    after = gain[2048:]
    assert after[0] == pytest.approx(0.5) and np.all(np.diff(after) >= 0)
    assert np.abs(np.diff(after)).max() < 5e-4
    held = np.count_nonzero(after == after[0]) / RATE
    assert abs(held - HOLD_SECONDS) < 2 * LONGEST / RATE
    back = np.argmax(after == 1) / RATE - held
    assert 0.15 < back < 0.25 and np.all(after[int((held + back) * RATE) + 2 :] == 1)
    assert limiter.gain == 1


@pytest.mark.parametrize("peak", [1.001, 1.01, 1.019])
def test_a_moment_that_is_hardly_too_loud_is_over_too(peak: float) -> None:
    """What is within full scale must not hold a gain that something else needed."""
    signal, limiter = np.full((2, RATE), 0.9), new_limiter()
    signal[:, 1000:1010] = peak
    out = limited(limiter, signal, 256)
    assert limiter.gain == 1
    np.testing.assert_array_equal(out[:, RATE // 2 :], signal[:, RATE // 2 :].astype("f4"))


def test_switching_off_lets_go_without_a_step() -> None:
    signal, limiter = sine(200, 1, 2), new_limiter()
    on = limited(limiter, signal[:, : RATE // 2], 256)
    off = limited(limiter, signal[:, RATE // 2 :], 256, on=False)
    assert largest_step(np.concatenate((on, off), 1)) <= largest_step(signal) + 1e-3
    np.testing.assert_array_equal(off[:, -RATE // 10 :], signal[:, -RATE // 10 :].astype("f4"))


def test_an_empty_block() -> None:
    new_limiter().process(np.zeros((2, 0), np.float32))
