"""The signal that measures a loop: pseudo-random, of one band, with soft ends. Knows no devices.

Noise of known phases is found by correlation far below other sounds, and unlike a click it needs no
level that hurts (Rife and Vanderkooy, "Transfer-Function Measurement with Maximum-Length
Sequences", J. Audio Eng. Soc. 37, 1989). A maximum-length sequence reaches up to half the sampling
rate; here the band is what a microphone and a small loudspeaker pass on, and the peaks are brought
down by clipping and filtering in turns, as van der Ouderaa, Schoukens and Renneboog do with
multisines ("Peak factor minimization", IEEE Trans. Instrum. Meas. 37, 1988).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rtsep.errors import ConfigError
from rtsep.ring.ring import Audio

SECONDS = 0.5
LEVELS_DB = (-60.0, -6.0)  # above the loudest the peaks would go over full scale
_BAND_HZ, _HIGHEST = (200.0, 8000.0), 0.45  # the upper edge also of the rate
_EDGE = 0.5  # of the lower edge's frequency, and an eighth of the upper one's: the soft edges
_FADE_SECONDS = 0.01
_ROUNDS, _CEILING = 8, 1.5  # of clipping, at so many times the effective value

Weights = np.ndarray[Any, np.dtype[np.float64]]


def make_burst(rate: int, seed: int, level_db: float) -> Audio:
    """(2, n): left and right have nothing to do with each other, nor with those of another seed.

    `level_db` is the effective value (RMS) in dB of full scale; peaks are about 4.5 dB higher.
    Raises ConfigError as `check_level`.
    """
    check_level(level_db)
    size = round(SECONDS * rate)
    weights = band(rate, size)
    noise = np.random.default_rng(seed).standard_normal((2, size))
    for _ in range(_ROUNDS):
        noise = np.fft.irfft(np.fft.rfft(noise) * weights, size)
        noise /= np.sqrt(np.mean(noise**2, 1, keepdims=True))
        np.clip(noise, -_CEILING, _CEILING, out=noise)
    noise = np.fft.irfft(np.fft.rfft(noise) * (weights > 0), size)
    noise /= np.sqrt(np.mean(noise**2, 1, keepdims=True))
    return np.asarray(10 ** (level_db / 20) * envelope(rate) * noise, np.float32)


def check_level(level_db: float) -> None:
    """Raises ConfigError for a level out of `LEVELS_DB`."""
    lowest, highest = LEVELS_DB
    if not lowest <= level_db <= highest:
        raise ConfigError(
            f"the level of bursts must lie between {lowest:g} and {highest:g} dB of full scale, "
            f"got {level_db:g}"
        )


def envelope(rate: int) -> Weights:
    """(n,): the soft ends."""
    fade = np.sin(np.linspace(0, np.pi / 2, round(_FADE_SECONDS * rate))) ** 2
    curve = np.ones(round(SECONDS * rate))
    curve[: len(fade)] = fade
    curve[len(curve) - len(fade) :] = fade[::-1]
    return curve


@cache
def band(rate: int, size: int) -> Weights:
    """(size // 2 + 1,): gain per bin of a real transform; 1 in the band, with soft edges. To be
    read only."""
    low, high = _BAND_HZ[0], min(_BAND_HZ[1], _HIGHEST * rate)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    rise = np.clip((frequencies - low) / (_EDGE * low), 0, 1)
    fall = np.clip((high - frequencies) / (high / 8), 0, 1)
    weights = np.asarray(np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2)
    weights.flags.writeable = False
    return weights


@cache
def freedom(rate: int) -> float:
    """How many independent numbers a burst consists of: twice its duration times its bandwidth."""
    seconds = float(np.sum(envelope(rate) ** 2)) / rate
    hertz = float(np.sum(band(rate, rate) ** 2))  # bins of 1 Hz
    return 2 * seconds * hertz
