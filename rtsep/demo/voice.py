"""A singer made of a pulse train, noise and formants. Knows phonetics, no song.

The source-filter model of speech: the vocal folds give a train of pulses, the mouth filters it. The
mouth is a cascade of resonances (formants) which move from sound to sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtsep.demo.synth import Signal, band, times

# The first three formants in Hz; the letters are those of the score.
MOUTH = {
    "i": (290, 2250, 2950),
    "I": (400, 1950, 2550),
    "e": (450, 1900, 2500),
    "&": (690, 1650, 2450),
    "a": (700, 1150, 2500),
    "o": (480, 850, 2500),
    "u": (360, 1050, 2400),
    "3": (490, 1350, 1750),
    "m": (260, 1000, 2200),
    "n": (260, 1500, 2500),
    "l": (350, 1150, 2700),
    "y": (270, 2250, 3000),
    "v": (300, 1100, 2300),
}
WIDTHS = (70, 90, 130)  # of these three resonances, in Hz
UPPER = (3400, 4300, 5300, 6400, 7500, 8700, 10000)  # the others hardly move
UPPER_WIDTH = 300


class Noise(NamedTuple):
    """A consonant made of air."""

    seconds: float
    low: float  # of its band, in Hz
    high: float
    loudness: float
    voiced: float  # how much of the voice sounds along


NOISES = {
    "d": Noise(0.025, 2500, 6000, 0.5, 0.2),
    "g": Noise(0.030, 1400, 3500, 0.6, 0.2),
    "k": Noise(0.050, 1500, 4500, 0.7, 0.0),
    "z": Noise(0.085, 4500, 9000, 0.35, 0.3),
    "s": Noise(0.110, 4800, 9500, 0.45, 0.0),
    "f": Noise(0.090, 2500, 9000, 0.20, 0.0),
    "h": Noise(0.070, 600, 4000, 0.20, 0.0),
}
HUMS = "mnlyv"  # consonants that are sung, with the lips or the tongue in the way
HUM_SECONDS = 0.07
GLIDE = 0.05  # seconds from one position to the next
BRIGHTNESS = 7000  # Hz; where the pulses have lost a factor e

Note = tuple[float, float, str]  # beats, MIDI pitch, sounds


@dataclass
class Line:
    """One control, or a few that move together: a line through points in time."""

    seconds: list[float] = field(default_factory=list)
    values: list[tuple[float, ...]] = field(default_factory=list)

    def to(self, seconds: float, *values: float) -> None:
        assert not self.seconds or seconds >= self.seconds[-1], (seconds, self.seconds[-1])
        self.seconds.append(seconds)
        self.values.append(values)

    def at(self, t: Signal) -> Signal:
        """(values, times)."""
        return np.stack([np.interp(t, self.seconds, each) for each in np.array(self.values).T])


@dataclass
class Gestures:
    """All that a singer controls, over time."""

    pitch: Line = field(default_factory=Line)
    vibrato: Line = field(default_factory=Line)
    voice: Line = field(default_factory=Line)
    mouth: Line = field(default_factory=Line)
    noises: list[tuple[float, Noise]] = field(default_factory=list)


def sing(rate: int, melody: Sequence[Note], quarter: float, rng: np.random.Generator) -> Signal:
    """The melody as one channel of sound."""
    gestures = _read(melody, quarter)
    t = times(rate, quarter * sum(beats for beats, _, _ in melody))
    folds = _vocal_folds(rate, t, gestures, rng)
    sound = _mouth(rate, folds, gestures.mouth)
    for start, noise in gestures.noises:
        hiss = _hiss(rate, noise, rng)
        at = round(start * rate)
        sound[at : at + hiss.size] += hiss[: sound.size - at]
    return sound


def _read(melody: Sequence[Note], quarter: float) -> Gestures:
    """From notes and sounds to movements."""
    gestures = Gestures()
    start = 0.0
    for beats, pitch, sounds in melody:
        end = start + beats * quarter
        _syllable(gestures, start, end, sounds.split())
        gestures.pitch.to(start + (GLIDE if start else 0.0), pitch)
        gestures.pitch.to(end - 0.02, pitch)
        gestures.vibrato.to(start + 0.1, 0.1)
        gestures.vibrato.to(end - 0.01, 0.75 if beats > 2 else 0.2)
        start = end
    return gestures


def _syllable(gestures: Gestures, start: float, end: float, sounds: list[str]) -> None:
    """Consonants, then vowels gliding from the first to the last, then consonants again."""
    voice, mouth = gestures.voice, gestures.mouth
    vowels = next(n for n, s in enumerate(sounds) if s not in NOISES and s not in HUMS)
    now = start
    for consonant in sounds[:vowels]:
        now = _consonant(gestures, now, consonant)
    coda = sounds[vowels + 1 :]
    pause = 0.25 if end - start > 1 else 0.0  # after a long note the singer takes a breath
    until = end - 0.03 - len(coda) * (HUM_SECONDS + 0.03) - pause
    first, last = sounds[vowels][0], sounds[vowels][-1]
    voice.to(now + 0.03, 1.0)
    mouth.to(now + GLIDE, *MOUTH[first])
    mouth.to(now + 0.55 * (until - now) + GLIDE / 2, *MOUTH[first])
    voice.to(until, 0.75)
    mouth.to(until, *MOUTH[last])
    now = until + 0.03
    for consonant in coda:
        now = _consonant(gestures, now, consonant)
    if pause and not coda:
        voice.to(until + 0.15, 0.0)


def _consonant(gestures: Gestures, now: float, consonant: str) -> float:
    """Returns when it is over."""
    if consonant in HUMS:
        gestures.voice.to(now + 0.02, 0.45)
        gestures.mouth.to(now + 0.01, *MOUTH[consonant])
        gestures.mouth.to(now + HUM_SECONDS - 0.02, *MOUTH[consonant])
        gestures.voice.to(now + HUM_SECONDS - 0.02, 0.45)
        return now + HUM_SECONDS
    noise = NOISES[consonant]
    gestures.noises.append((now, noise))
    gestures.voice.to(now, noise.voiced)
    gestures.voice.to(now + noise.seconds, noise.voiced)
    return now + noise.seconds


def _vocal_folds(rate: int, t: Signal, gestures: Gestures, rng: np.random.Generator) -> Signal:
    """Pulses with vibrato and human unsteadiness, and breath that leaks while they are open."""
    shake = gestures.vibrato.at(t)[0] * np.sin(2 * np.pi * 5.4 * t)
    pitch = gestures.pitch.at(t)[0] + shake + 0.08 * _drift(t, 6, rng)
    hz: Signal = 440 * 2 ** ((pitch - 69) / 12)
    angle = 2 * np.pi * np.cumsum(hz) / rate
    # sum of r^k cos(k angle) in closed form: every harmonic, falling so fast that none aliases
    r = np.exp(-hz / BRIGHTNESS)
    pulses = (1 - r * np.cos(angle)) / (1 - 2 * r * np.cos(angle) + r * r) - 1
    breath = 0.35 * rng.standard_normal(t.size) * (1 + np.cos(angle))
    loudness = gestures.voice.at(t)[0] * (1 + 0.1 * _drift(t, 4, rng))
    folds: Signal = loudness * (0.3 * pulses + breath)
    return folds


def _drift(t: Signal, per_second: float, rng: np.random.Generator) -> Signal:
    """A slow random walk around zero."""
    knots = np.arange(0, t[-1] + 2 / per_second, 1 / per_second)
    return np.interp(t, knots, rng.uniform(-1, 1, knots.size))


def _mouth(rate: int, folds: Signal, mouth: Line) -> Signal:
    """Filter by formants that move: short overlapping pieces, each by the mouth of its moment."""
    hop = 1 << round(np.log2(0.0116 * rate))
    pieces = np.lib.stride_tricks.sliding_window_view(np.pad(folds, (hop, 2 * hop)), 2 * hop)[::hop]
    f = np.fft.rfftfreq(4 * hop, 1 / rate)
    response = np.prod([_resonance(f, at, UPPER_WIDTH) for at in UPPER], axis=0) / (1 + f / 600)
    moments = np.arange(len(pieces)) * hop / rate
    for formant, width in zip(mouth.at(moments), WIDTHS, strict=True):
        response = response * _resonance(f, formant[:, None], width)
    window = np.hanning(2 * hop + 1)[:-1]
    filtered = np.fft.irfft(np.fft.rfft(pieces * window, 4 * hop) * response, 4 * hop)
    sound = np.zeros((len(pieces) + 3) * hop)
    for part in range(4):  # overlap-add, a hop of every piece at a time
        place = slice(part * hop, (part + len(pieces)) * hop)
        sound[place] += filtered[:, part * hop : (part + 1) * hop].ravel()
    return sound[hop : hop + folds.size]


def _resonance(
    f: NDArray[np.floating[Any]], at: Signal | float, width: float
) -> NDArray[np.complex128]:
    return np.asarray(at**2 / (at**2 - f**2 + 1j * f * width))


def _hiss(rate: int, noise: Noise, rng: np.random.Generator) -> Signal:
    t = times(rate, noise.seconds + 0.02)
    air = band(rng.standard_normal(t.size), rate, noise.low, noise.high)
    burst = noise.seconds <= 0.05  # the tongue lets go at once
    shape = np.exp(-2 * t / noise.seconds) if burst else np.hanning(t.size) ** 0.35
    sound: Signal = 0.4 * noise.loudness * air * shape
    return sound
