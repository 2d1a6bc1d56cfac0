"""An STFT that sees 46 ms and delays by 23: long windows to look, short ones to play.

The analysis window rises slowly over what is past and falls within a hop. The synthesis window
covers the last two hops only, and both together are a Hann window, whose overlap sums to one. So
the delay is two hops, and masks that sum to one give the input back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.instant.settings import WINDOW

Array = np.ndarray[Any, Any]

BINS = WINDOW // 2 + 1


def analysis_window(hop: int) -> Array:
    """A sine's rise over all but the last hop, a cosine's fall over that."""
    rise = np.sin(np.pi / 2 * (np.arange(WINDOW - hop) + 0.5) / (WINDOW - hop))
    fall = np.cos(np.pi / 2 * (np.arange(hop) + 0.5) / hop)
    return np.concatenate((rise, fall)).astype(np.float32)


def synthesis_window(hop: int) -> Array:
    """For the last two hops of a frame."""
    hann = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)) ** 2
    window: Array = (hann / analysis_window(hop)[-2 * hop :]).astype(np.float32)
    return window


class Analysis:
    """Spectra of a signal that comes hop by hop; before it there was silence."""

    def __init__(self, shape: tuple[int, ...], hop: int) -> None:
        """`shape` is that of the signal without its samples."""
        self._window = analysis_window(hop)
        self._hop = hop
        self._heard: Array = np.zeros((*shape, WINDOW), np.float32)
        self._windowed: Array = np.zeros_like(self._heard)

    def step(self, block: Array) -> Array:
        """(..., hop) -> the spectrum (..., BINS) of the window that ends with it."""
        self._heard[..., : -self._hop] = self._heard[..., self._hop :]
        self._heard[..., -self._hop :] = block
        np.multiply(self._heard, self._window, out=self._windowed)
        spectrum: Array = np.fft.rfft(self._windowed)
        return spectrum.astype(np.complex64, copy=False)

    def reset(self) -> None:
        self._heard[...] = 0


class Synthesis:
    """Sound from spectra, hop by hop: that of the hop before the one the spectrum ended with."""

    def __init__(self, shape: tuple[int, ...], hop: int) -> None:
        self._window = synthesis_window(hop)
        self._hop = hop
        self._tail: Array = np.zeros((*shape, hop), np.float32)
        self._out: Array = np.zeros((*shape, hop), np.float32)

    def step(self, spectrum: Array) -> Array:
        """(..., BINS) -> (..., hop), valid until the next call."""
        frame = np.fft.irfft(spectrum, WINDOW)[..., -2 * self._hop :] * self._window
        np.add(self._tail, frame[..., : self._hop], out=self._out)
        self._tail[...] = frame[..., self._hop :]
        return self._out

    def reset(self) -> None:
        self._tail[...] = 0
