"""The test signals of EBU Tech 3341 (2023), table 1, that a formula defines; and FFmpeg's opinion.

Those are all but two: 7 and 8 are programmes.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import soundfile

TOLERANCE = 0.1  # LU
TRUE_PEAK_ABOVE, TRUE_PEAK_BELOW = 0.2, 0.4  # dB
SURROUND = (1.0, 1.0, 1.0, 1.41, 1.41)

Tone = tuple[float, float]  # seconds, dBFS of its peak; -inf is silence


def tones(rate: int, *parts: Tone, hertz: float = 1000.0) -> np.ndarray:
    """(2, n): a sine whose level changes, alike in both channels."""
    ends = np.round(np.cumsum([0, *(seconds for seconds, _ in parts)]) * rate).astype(int)
    level = np.repeat([10 ** (db / 20) for _, db in parts], np.diff(ends))
    wave = level * np.sin(2 * np.pi * hertz * np.arange(ends[-1]) / rate)
    return np.tile(wave.astype(np.float32), (2, 1))


def surround(rate: int) -> np.ndarray:
    """Case 6: left, right, centre, and two that surround."""
    levels = [-28.0, -28.0, -24.0, -30.0, -30.0]
    return np.concatenate([tones(rate, (20, db))[:1] for db in levels])


def tapered(sound: np.ndarray, rate: int) -> np.ndarray:
    """In both channels, with fades of 10 ms."""
    fade, shaped = np.arange(rate // 100) / (rate // 100), sound.copy()
    shaped[: len(fade)] *= fade
    shaped[-len(fade) :] *= fade[::-1]
    return np.tile(shaped.astype(np.float32), (2, 1))


def sine(rate: int, part: int, amplitude: float, degrees: float) -> np.ndarray:
    """Cases 15 to 19: a frequency that is a part of the rate."""
    phase = 2 * np.pi * np.arange(rate // 2) / part + np.radians(degrees)
    return tapered(amplitude * np.sin(phase), rate)


def burst(rate: int, offset: int) -> np.ndarray:
    """Cases 20 to 23: half as loud but for one period of a higher tone, made at four times the rate
    and brought down to it, from the sample `offset` on."""
    period, around = 16, 24 * 1000  # of a quarter of the rate, and of a sixth: samples of 4 * rate
    part = np.full(2 * around + period, 24)
    part[around : around + period] = 16
    loud = np.where(part == 16, 1.0, 0.5)
    phase = np.cumsum(np.concatenate(([0], 2 * np.pi / part)))[:-1]
    wave = loud * np.sin(phase)
    taps = np.arange(-256, 257)
    low = np.sinc(taps / 4) / 4 * np.kaiser(len(taps), 12)
    return tapered(np.convolve(wave, low / low.sum(), "same")[offset::4], rate)


def ffmpegs_opinion(ffmpeg: str, path: Path, sound: np.ndarray, rate: int) -> dict[str, float]:
    """M and S of the last tenth of a second, I, and the true peak, in dB."""
    soundfile.write(path, sound.T, rate, subtype="FLOAT")
    layout = ["-channel_layout", "5.0(side)"] if len(sound) == 5 else []
    done = subprocess.run(
        [ffmpeg, "-hide_banner", "-nostats", *layout, "-i", str(path), "-af",
         "ebur128=peak=true:framelog=verbose:metadata=1,ametadata=print:file=-",
         "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {
        name: float(re.findall(rf"lavfi\.r128\.{name}=(\S+)", done.stdout)[-1]) for name in "MSI"
    }
    peaks = re.findall(r"lavfi\.r128\.true_peaks_ch\d+=(\S+)", done.stdout)
    return found | {"peak": 20 * np.log10(max(map(float, peaks)))}
