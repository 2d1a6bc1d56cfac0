"""Stems for audio that the engine has not separated in time: the shares they last had in the mix.

`ratios_of` measures the shares and runs in the engine, `HoldFilter` applies them to the delayed
input and runs in the callback, `Ratios` carries them from the one to the other.
"""

from __future__ import annotations

import numpy as np

from rtsep.ring.arena import Arena
from rtsep.ring.ring import Audio, Ring, fence

WINDOW, HOP = 1024, 512  # of the STFT; the hop is half the window
BINS = WINDOW // 2 + 1
RATIO_SAMPLES = 4096  # at the end of the stems; the shares are measured on them
AGEING = 2.0  # frames after which a frame counts 1/e; on music 0.1 to 0.9 dB better than evenly
FAINT = 1e-8  # power per bin, relative to a full-scale one, below which shares are equal

# Square roots of a periodic Hann window: applied before and after, two of them overlap to one.
_ROOT_HANN: Audio = np.sin(np.pi * np.arange(WINDOW) / WINDOW).astype(np.float32)


def ratios_of(stems: Audio) -> Audio:
    """Each stem's share of the power in each bin, at the end of (stems, channels, n).

    The newest frame counts most. Returns (stems, BINS), which sums to 1 over the stems; equal parts
    where all are silent.
    """
    newest = np.nan_to_num(stems[..., -RATIO_SAMPLES:], nan=0.0, posinf=0.0, neginf=0.0)
    missing = max(WINDOW - newest.shape[-1], 0)
    padded = np.pad(newest, ((0, 0), (0, 0), (missing, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=-1)[..., ::HOP, :]
    age = np.arange(frames.shape[-2])[::-1]
    recent = np.exp(-age / AGEING) / np.exp(-age / AGEING).sum()
    power = np.abs(np.fft.rfft(frames * _ROOT_HANN)).astype(np.float64) ** 2
    power = np.einsum("scfb,f->sb", power, recent)
    power += FAINT * (WINDOW / 4) ** 2
    shares: Audio = (power / power.sum(0)).astype(np.float32)
    return shares


class Ratios:
    """The newest shares, in memory that the engine writes and the callback reads.

    Two slots and a count of what was published; neither side ever waits for the other.
    """

    def __init__(self, arena: Arena, stems: int) -> None:
        self._slots: Audio = arena.take((2, stems, BINS), np.float32)
        self._published = arena.take(1, np.int64)
        self._copy: Audio = np.zeros((stems, BINS), np.float32)
        self._spare: Audio = np.zeros((stems, BINS), np.float32)

    def publish(self, ratios: Audio) -> None:
        """(stems, BINS). One process only may call this."""
        count = int(self._published[0]) + 1
        self._slots[count % 2] = ratios
        fence()
        self._published[0] = count

    def latest(self) -> Audio:
        """(stems, BINS), valid until the next call; zeros before any were published.

        Returns what it did last time in the rare case that the writer laps the reader.
        """
        count = int(self._published[0])
        if count:
            fence()
            self._spare[...] = self._slots[count % 2]
            fence()
            if int(self._published[0]) == count:  # its slot is written again only after the next
                self._copy, self._spare = self._spare, self._copy
        return self._copy


class HoldFilter:
    """Takes the input apart by shares that stay as they are for the length of a gap.

    An STFT on a grid of absolute positions, so that blocks of any sizes that follow one another
    join without a seam. Needs the input up to a window beyond the block; what is missing is taken
    as zero.
    """

    def __init__(self, stems: int, channels: int, longest: int) -> None:
        """Blocks have at most `longest` samples."""
        slots = longest // HOP + 3  # frames that a block can touch
        self._windowed: Audio = np.zeros((channels, WINDOW), np.float32)
        self._frames: Audio = np.zeros((slots, stems, channels, WINDOW), np.float32)
        self._ratios: Audio = np.zeros((stems, 1, BINS), np.float32)
        self._next = 0  # the frames before this one have been made; frame k begins at k hops

    def begin(self, position: int, ratios: Audio) -> None:
        """A gap from about `position` on, with (stems, BINS) for all of it."""
        self._ratios[:, 0] = ratios
        self._next = position // HOP - 1

    def apply(self, dry: Ring, position: int, out: Audio) -> None:
        """Fill (stems, channels, n), from `position` on, which only grows within a gap."""
        stop = position + out.shape[-1]
        first, end = position // HOP, -(-stop // HOP)
        self._next = max(self._next, first - 1)
        while self._next < end:
            self._make(dry)
        for hop in range(first, end):
            left, right = max(position, hop * HOP), min(stop, (hop + 1) * HOP)
            since, until = left - hop * HOP, right - hop * HOP
            np.add(
                self._frames[(hop - 1) % len(self._frames), ..., HOP + since : HOP + until],
                self._frames[hop % len(self._frames), ..., since:until],
                out=out[..., left - position : right - position],
            )

    def _make(self, dry: Ring) -> None:
        """Take the next frame apart."""
        dry.read_into(self._next * HOP, self._windowed)
        self._windowed *= _ROOT_HANN
        spectrum = np.fft.rfft(self._windowed)
        frame = self._frames[self._next % len(self._frames)]
        np.multiply(np.fft.irfft(spectrum * self._ratios, WINDOW), _ROOT_HANN, out=frame)
        self._next += 1
