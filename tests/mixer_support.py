"""Sounds whose smoothness is known, and the parts of a mixer in memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rtsep.mixer.conceal import Ratios
from rtsep.mixer.control import Control
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.playout import Playout
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Ring

RATE = 44100
STEMS = ("drums", "bass", "other", "vocals")
LONGEST = 1024


def noise(samples: int, stems: int = 4, seed: int = 0) -> np.ndarray:
    """(stems, 2, samples), quiet enough that their sum stays below full scale."""
    uniform = np.random.default_rng(seed).uniform(-0.2, 0.2, (stems, 2, samples))
    return uniform.astype(np.float32)


def tones(samples: int) -> np.ndarray:
    """(4, 2, samples): a steady chord, one note per stem, silent at sample 0."""
    time = np.arange(samples) / RATE
    notes = [np.sin(2 * np.pi * hertz * time) * 0.2 for hertz in (110, 233, 523, 880)]
    return np.stack([(note, 0.7 * note) for note in notes]).astype(np.float32)


def largest_step(signal: np.ndarray) -> float:
    return float(np.abs(np.diff(signal, axis=-1)).max())


def new_arena(size: int = 1 << 24) -> Arena:
    return Arena(bytearray(size))


def pieces(samples: int, cuts: list[int]) -> list[slice]:
    """0 to `samples`, cut at `cuts` and wherever a block would get too long."""
    marks = sorted({0, samples, *(cut for cut in cuts if 0 < cut < samples)})
    return [
        slice(start, min(start + LONGEST, stop))
        for first, stop in pairwise(marks)
        for start in range(first, stop, LONGEST)
    ]


def mixed(
    faders: Faders, stems: np.ndarray, dry: np.ndarray, cuts: list[int] | None = None
) -> np.ndarray:
    """Everything through the faders, cut into blocks."""
    out = np.full(dry.shape, np.nan, np.float32)
    for piece in pieces(dry.shape[1], cuts or []):
        faders.mix(Block.whole(stems[..., piece], dry[:, piece]), out[:, piece])
    return out


class Line:
    """Rings, playout and faders, with the input `ahead` samples further than what is heard."""

    def __init__(self, stems: np.ndarray, control: Control, ahead: int = 4096) -> None:
        arena = new_arena()
        count, channels, _ = stems.shape
        self.truth = stems
        self.input = stems.sum(0)
        self.stems = Ring(arena, count * channels, 1 << 15)
        self.dry = Ring(arena, channels, 1 << 15)
        self.ratios = Ratios(arena, count)
        self.playout = Playout(self.stems, self.dry, self.ratios, control, LONGEST)
        self.faders = Faders(control, count, channels, RATE, LONGEST)
        self.faders.settle()
        self.position = 0
        self._ahead = ahead

    def deliver(self, start: int, stop: int) -> None:
        """The engine writes the stems of these positions."""
        if self.stems.head != start:
            self.stems.skip_to(start)
        flat = self.truth.reshape(-1, self.truth.shape[-1])
        self.stems.write(flat[:, start:stop])

    def play(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The next block: stems as they were played, and their mix."""
        stop = self.position + count
        self.dry.write(self.input[:, self.dry.head : stop + self._ahead])
        block = self.playout.pull(self.position, count)
        out = np.full((self.dry.channels, count), np.nan, np.float32)
        self.faders.mix(block, out)
        self.position = stop
        return block.stems.copy(), out
