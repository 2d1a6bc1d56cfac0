"""The desk and the small tools of every instrument: a stereo track, envelopes, filters, a room.

Knows samples and seconds; knows no song.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Signal = NDArray[np.float64]  # while it is being made; one channel unless it says more


class Track:
    """A stereo track that sounds are placed on."""

    def __init__(self, rate: int, samples: int, *, seed: int) -> None:
        self.rate = rate
        self.rng = np.random.default_rng(seed)
        self.audio: Signal = np.zeros((2, samples))

    def place(self, seconds: float, sound: Signal, pan: float) -> None:
        """Add a sound; pan -1 is left, 1 is right. What outlasts the track is cut."""
        start = round(seconds * self.rate)
        room = self.audio.shape[1] - start
        if room > 0:
            angle = (pan + 1) * np.pi / 4
            sides = np.array([[np.cos(angle)], [np.sin(angle)]])
            self.audio[:, start : start + sound.size] += sides * sound[:room]

    def add_room(self, amount: float, seconds: float = 1.1) -> None:
        """Reverberate: noise that dies away, another for each side."""
        samples = self.audio.shape[1]
        decay = np.exp(-6.9 * times(self.rate, seconds) / seconds)
        echo = self.rng.standard_normal((2, decay.size)) * decay
        echo[:, : round(0.02 * self.rate)] = 0.0  # the walls are some metres away
        echo *= amount / np.sqrt(np.sum(echo**2, axis=1, keepdims=True))
        size = -(-(samples + decay.size) // 16384) * 16384  # transforms like small factors
        dull = 1 / (1 + (np.fft.rfftfreq(size, 1 / self.rate) / 5000) ** 2)
        wet = np.fft.irfft(np.fft.rfft(self.audio, size) * np.fft.rfft(echo, size) * dull, size)
        self.audio += wet[:, :samples]


def times(rate: int, seconds: float) -> Signal:
    return np.arange(round(rate * seconds)) / rate


def frequency(pitch: float) -> float:
    """Of a MIDI note, in Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def held(t: Signal, seconds: float, attack: float, release: float) -> Signal:
    """An envelope that rises, holds until `seconds` and lets go."""
    return np.clip(t / attack, 0, 1) * np.clip((seconds + release - t) / release, 0, 1)


def band(sound: Signal, rate: int, low: float, high: float) -> Signal:
    """Keep what lies between two frequencies, with slopes of 12 dB per octave."""
    f = np.fft.rfftfreq(sound.size, 1 / rate) + 1e-9
    shape = 1 / np.sqrt((1 + (low / f) ** 4) * (1 + (f / high) ** 4))
    return np.fft.irfft(np.fft.rfft(sound) * shape, sound.size)
