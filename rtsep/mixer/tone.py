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

_WET = len(BANDS)  # lane of the ramps behind the bands': how much of a stem is equalized


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
        self._ramps = Ramps((_WET + 1) * stems, RAMP_SECONDS * sample_rate, longest)
        self._value = self._ramps.value.reshape(_WET + 1, stems)
        self._target = np.zeros((_WET + 1, stems))
        self._flat = np.zeros((_WET, stems), np.bool_)
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
        equalizes = bool(self._value[_WET].any() or self._target[_WET].any())
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
        for stem in np.flatnonzero((self._value[_WET] == 0) & (self._target[_WET] != 0)):
            self._crossover.reset(int(stem))
        count = out.shape[2]
        curves = self._ramps.advance(self._target.reshape(-1), count)
        curves = curves.reshape(_WET + 1, len(out), 1, curves.shape[1])
        bands, change = self._crossover.split(stems), self._change[..., :count]
        np.multiply(bands[0], curves[0], out=out)
        for band in range(1, _WET):
            np.multiply(bands[band], curves[band], out=change)
            out += change
        out -= stems
        out *= curves[_WET]
        out += stems

    def _aim(self) -> None:
        control, gains = self._control, self._target[:_WET]
        np.multiply(control.eq, ~control.kill, out=gains)
        np.less(np.abs(gains - 1), FLAT, out=self._flat)
        gains[self._flat] = 1
        np.logical_not(self._flat.all(0), out=self._target[_WET], casting="unsafe")

    def _settle(self) -> None:
        """Everything where its knob is, at once."""
        self._value[...] = self._target
        self._sweep.settle(self._control.filter)
        self._started = True
