"""The equalizer and the filter of every stem. Runs in the audio callback, ahead of the faders."""

from __future__ import annotations

import numpy as np

from rtsep.mixer.control import BANDS, Control
from rtsep.mixer.crossover import Crossover
from rtsep.mixer.faders import RAMP_SECONDS, Block
from rtsep.mixer.ramps import Ramps
from rtsep.mixer.sweep import Sweep
from rtsep.ring.ring import Audio

FLAT = 10 ** (0.1 / 20) - 1  # so near to unity a band is there, since controllers do not hit it


def at_rest(control: Control) -> bool:
    """Whether all knobs are in the middle: a `Tone` would pass on every block as it is."""
    return bool((control.eq == 1).all() and not control.kill.any() and not control.filter.any())


class Tone:
    """Three bands and a filter per stem, which follow their targets without a click.

    A stem whose knobs are all in the middle is left alone, bit by bit; since the bands together are
    as loud as the stem but turned in phase, it is crossfaded to them and back.
    """

    def __init__(
        self, control: Control, stems: int, channels: int, sample_rate: int, longest: int
    ) -> None:
        """Blocks have at most `longest` samples."""
        self._control = control
        self._crossover = Crossover(stems, channels, sample_rate, longest)
        self._sweep = Sweep(stems, channels, sample_rate)
        seconds = RAMP_SECONDS * sample_rate
        self._gains = [Ramps(stems, seconds, longest) for _ in BANDS]
        self._wet = Ramps(stems, seconds, longest)  # how much of each stem is equalized
        self._gain_targets = np.zeros((len(BANDS), stems))
        self._wet_targets = np.zeros(stems)
        self._flat = np.zeros((len(BANDS), stems), np.bool_)
        self._started = False
        self._stems: Audio = np.zeros((stems, channels, longest), np.float32)
        self._change: Audio = np.zeros((stems, channels, longest), np.float32)
        self._base: Audio = np.zeros((channels, longest), np.float32)

    def apply(self, block: Block) -> Block:
        """A block with its stems as they shall sound, and what those sum to; valid until the next
        call. The very same block where all knobs rest in the middle."""
        count, knobs = block.dry.shape[1], self._control.filter
        self._aim()
        if not self._started:
            self._settle()
        equalizes = bool(self._wet.value.any() or self._wet_targets.any())
        if not equalizes and not self._sweep.moves(knobs):
            self._sweep.skip(count)
            return block
        stems, change = self._stems[..., :count], self._change[..., :count]
        if equalizes:
            self._equalize(block.stems, stems)
        else:
            stems[...] = block.stems
        self._sweep.process(stems, knobs)
        np.subtract(stems, block.stems, out=change)
        base = self._base[:, :count]
        np.add.reduce(change, axis=0, out=base)
        base += block.base
        return Block(stems, block.dry, base, block.extra)

    def _equalize(self, stems: Audio, out: Audio) -> None:
        """Nothing of a band whose gain is 0, and of the bands nothing where they are not wet."""
        for stem in np.flatnonzero((self._wet.value == 0) & (self._wet_targets != 0)):
            self._crossover.reset(int(stem))
        count = out.shape[2]
        bands, scaled = self._crossover.split(stems), self._change[..., :count]
        out[...] = 0
        for band, ramps, targets in zip(bands, self._gains, self._gain_targets, strict=True):
            np.multiply(band, ramps.advance(targets, count)[:, None], out=scaled)
            out += scaled
        out -= stems
        out *= self._wet.advance(self._wet_targets, count)[:, None]
        out += stems

    def _aim(self) -> None:
        control, gains = self._control, self._gain_targets
        np.multiply(control.eq, ~control.kill, out=gains)
        np.less(np.abs(gains - 1), FLAT, out=self._flat)
        gains[self._flat] = 1
        np.logical_not(self._flat.all(0), out=self._wet_targets, casting="unsafe")

    def _settle(self) -> None:
        """Everything where its knob is, at once."""
        for ramps, targets in zip(self._gains, self._gain_targets, strict=True):
            ramps.value[:] = targets
        self._wet.value[:] = self._wet_targets
        self._sweep.settle(self._control.filter)
        self._started = True
