"""Find a known burst in a recording, to the sample, and say how sure that is. Plain arrays.

The recording is whitened by its own smoothed spectrum and correlated with the burst: the
generalized cross-correlation with the weights that Knapp and Carter call SCOT ("The Generalized
Correlation Method for Estimation of Time Delay", IEEE Trans. ASSP 24, 1976), where the burst is
white in its band already. So hum and the colour of a room or a microphone do not smear the peak.

How sure: let u be the stretch of the recording under the burst s, at some delay. The phases of s
are random and were drawn without knowing u. So if u has nothing of s in it, their correlation
coefficient has mean 0 and a variance of at most 1 / `freedom` *whatever u is*, silence with a
click, music or hum, and being a sum of many independent terms it is normal. Divided by its standard
deviation it is called sigma here. With m delays tried, some coefficient exceeds z sigma by chance
with a probability of at most m * erfc(z / sqrt(2)) (Bonferroni). What is less than `FALSE_ALARM`
improbable is not taken for a burst. The correlation at the other delays gives a second estimate of
the standard deviation; the less favourable of the two counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rtsep.measure.roundtrip.burst import band, freedom
from rtsep.ring.ring import Audio

FALSE_ALARM = 1e-6
_SMOOTH_HZ = 60.0
_GUARD_SECONDS = 0.002  # around a peak, where what is high belongs to it
_EARLY = 0.5  # of the highest peak; what comes earlier and is so high is the direct way
_ECHO = 0.25  # of the direct way's peak, from which a later one is called an echo
_NORMAL_MEDIAN = 0.6745  # of the absolute value, in standard deviations

Array = np.ndarray[Any, np.dtype[np.float64]]
Spectrum = np.ndarray[Any, np.dtype[np.complex128]]


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A burst, found. It came `samples` + `fraction` samples after it was played."""

    samples: int
    fraction: float  # -0.5 to 0.5
    gain_db: float
    inverted: bool
    sigma: float  # see above
    false_alarm: float  # decimal logarithm of the probability of such a peak without a burst
    second_db: float  # the highest other peak, relative to this one
    echoes: int
    snr_db: float | None  # over what was there before the burst; None over digital silence

    @property
    def delay(self) -> float:
        return self.samples + self.fraction


def find_burst(recording: Audio, burst: Audio, played: int, rate: int) -> Arrival | None:
    """The first arrival of `burst` (n,) in `recording` (m,), or None where none can be claimed.

    `played` is where in the recording's time the burst began to be played; before that nothing but
    noise is expected.
    """
    heard, sent = recording.astype(np.float64), burst.astype(np.float64)
    correlation, sigmas = _correlate(heard, sent, rate)
    correlation, sigmas = correlation[played:], sigmas[played:]
    if not len(correlation):
        return None
    guard = round(_GUARD_SECONDS * rate)
    heights, sure = np.abs(correlation), sigmas >= _least_sigma(len(correlation))
    peak = _first_peak(heights, sure, guard)
    if peak is None:
        return None
    others = np.delete(heights, slice(max(peak - guard, 0), peak + guard + 1))
    height = float(heights[peak])
    usual = float(np.median(others)) / _NORMAL_MEDIAN if len(others) else 0.0
    sigma = min(float(sigmas[peak]), height / usual if usual else math.inf)
    false_alarm = _log_false_alarm(sigma, len(correlation))
    if false_alarm > math.log10(FALSE_ALARM):
        return None
    fraction = _vertex(heights, peak)
    later = np.where(sure, heights, 0)[peak + guard :]
    gain = _gain(heard[played + peak :][: len(sent)], sent, fraction, rate)
    return Arrival(
        samples=peak,
        fraction=fraction,
        gain_db=20 * math.log10(max(abs(gain), 1e-12)),
        inverted=float(correlation[peak]) < 0,
        sigma=sigma,
        false_alarm=false_alarm,
        second_db=20 * math.log10(max(float(np.max(others, initial=0)) / height, 1e-12)),
        echoes=_echoes(later, _ECHO * height, guard),
        snr_db=_snr(gain, sent, heard[:played], rate),
    )


def _correlate(heard: Array, sent: Array, rate: int) -> tuple[Array, Array]:
    """Whitened correlation, and the same in sigma, at every delay at which all of `sent` fits."""
    count = len(heard) - len(sent) + 1
    if count < 1:
        return np.zeros(0), np.zeros(0)
    size = _good_size(len(heard))
    spectrum = np.fft.rfft(heard, size)
    white = np.fft.irfft(spectrum * _whitening(spectrum, rate, size), size)
    both = np.fft.rfft(white) * np.conj(np.fft.rfft(sent, size))
    correlation = np.fft.irfft(both, size)[:count]
    white = white[: len(heard)]
    sums = np.concatenate([[0.0], np.cumsum(white**2)])
    energy = sums[len(sent) :] - sums[:count]
    least = 1e-9 * float(np.max(energy, initial=0)) + 1e-300  # below it is rounding
    scale = np.sqrt(freedom(rate) / np.maximum(energy, least) / np.dot(sent, sent))
    return correlation, np.abs(correlation) * scale


def _whitening(spectrum: Spectrum, rate: int, size: int) -> Array:
    """In the band one over the smoothed magnitude, elsewhere nothing."""
    width = max(round(_SMOOTH_HZ * size / rate), 1)
    power = np.cumsum(np.concatenate([np.zeros(width), np.abs(spectrum) ** 2, np.zeros(width)]))
    smooth = (power[2 * width :] - power[: -2 * width]) / (2 * width)
    smooth = smooth[: len(spectrum)]
    top = float(np.max(smooth, initial=0))
    if top <= 0:
        return np.zeros(len(spectrum))
    # What is 100 dB below the rest is nothing to be lifted.
    return np.asarray(band(rate, size) / np.sqrt(np.maximum(smooth, 1e-10 * top)))


def _first_peak(heights: Array, sure: Any, guard: int) -> int | None:
    """The earliest peak that is surely a burst and not much lower than the highest one."""
    enough = np.flatnonzero((heights >= _EARLY * heights.max()) & sure)
    if not len(enough):
        return None
    first = int(enough[0])
    return first + int(np.argmax(heights[first : first + guard]))


@cache
def _least_sigma(delays: int) -> float:
    """The z of the module's docstring at which the probability is `FALSE_ALARM`."""
    low, high = 0.0, 40.0
    for _ in range(40):
        middle = (low + high) / 2
        if _log_false_alarm(middle, delays) > math.log10(FALSE_ALARM):
            low = middle
        else:
            high = middle
    return high


def _log_false_alarm(sigma: float, delays: int) -> float:
    """log10(delays * erfc(sigma / sqrt(2))), at most 0, also where erfc is no float any more."""
    tail = math.erfc(sigma / math.sqrt(2)) if sigma < 30 else 0.0
    if tail > 0:
        exponent = math.log10(tail)
    else:
        exponent = -(sigma**2) / 2 * math.log10(math.e) - math.log10(sigma * math.sqrt(math.pi / 2))
    return min(exponent + math.log10(delays), 0.0)


def _vertex(heights: Array, peak: int) -> float:
    """Where between the samples the parabola through a peak and its neighbours is highest."""
    if not 0 < peak < len(heights) - 1:
        return 0.0
    before, here, after = (float(heights[peak + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else min(max((before - after) / bend / 2, -0.5), 0.5)


def _gain(heard: Array, sent: Array, fraction: float, rate: int) -> float:
    """By least squares in the band, the burst moved by a fraction of a sample."""
    size = len(sent)
    turn = np.exp(2j * np.pi * np.fft.rfftfreq(size) * fraction)
    weights, reference = band(rate, size), np.fft.rfft(sent)
    both = np.fft.rfft(heard, size) * np.conj(reference) * turn * weights
    return float(np.sum(both.real) / np.sum(np.abs(reference) ** 2 * weights))


def _echoes(later: Array, least: float, guard: int) -> int:
    """Peaks of at least that height, each with a guard behind it."""
    count, at = 0, 0
    high = np.flatnonzero(later >= least)
    for index in high:
        if index >= at:
            count, at = count + 1, int(index) + guard
    return count


def _snr(gain: float, sent: Array, before: Array, rate: int) -> float | None:
    """Of the burst as it came back over the noise in its band, in dB."""
    noise = power_in_band(before, rate)
    if noise <= 1e-20:
        return None
    return 10 * math.log10(max(gain**2 * float(np.mean(sent**2)), 1e-24) / noise)


def power_in_band(signal: Array, rate: int) -> float:
    """Mean square of what is in the burst's band."""
    if not len(signal):
        return 0.0
    spectrum = np.fft.rfft(signal) * band(rate, len(signal))
    return float(np.mean(np.fft.irfft(spectrum, len(signal)) ** 2))


def _good_size(least: int) -> int:
    """The next length that transforms fast: 2, 3 or 5 times a power of two."""
    return min(factor << max((-(-least // factor) - 1).bit_length(), 0) for factor in (2, 3, 5))
