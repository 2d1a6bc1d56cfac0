"""Stems and faders to what is heard. Runs in the audio callback; knows nothing of devices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rtsep.mixer.control import Control
from rtsep.mixer.limiter import Limiter
from rtsep.mixer.ramps import Ramps
from rtsep.mixer.sums import WeightedSum
from rtsep.mixer.sweep import Sweep
from rtsep.ring.ring import Audio

RAMP_SECONDS = 0.004  # after three of them a fader has arrived, within 5 %

_MASTER, _BYPASS, _FADE = -3, -2, -1  # lanes of the ramps, behind the stems'


class Block(NamedTuple):
    """What there is to mix, all of n samples."""

    stems: Audio  # (stems, channels, n)
    dry: Audio  # (channels, n), the delayed input
    base: Audio  # (channels, n), what the stems sum to: `dry`, unless some of them is missing
    extra: Audio | None = None  # (channels, n), heard whatever the stems' faders say

    @classmethod
    def whole(cls, stems: Audio, dry: Audio) -> Block:
        """Stems that sum to `dry`."""
        return cls(stems, dry, dry)


class Faders:
    """Gain, mute and solo per stem, master and its filter, limiter, A/B against the delayed input,
    start and end.

    Every change is a ramp. Where nothing moves the result is exact: all faders at unity give the
    delayed input bit by bit, all muted give zeros.
    """

    def __init__(
        self, control: Control, stems: int, channels: int, sample_rate: int, longest: int
    ) -> None:
        """Blocks have at most `longest` samples. The first one fades in from silence."""
        self.fading_out = False  # set it to fade to silence and stay there
        self.limiter = Limiter(channels, sample_rate, longest)
        self._control = control
        self._stems = stems
        self._filter = Sweep(1, channels, sample_rate)
        self._ramps = Ramps(stems + 3, RAMP_SECONDS * sample_rate, longest)
        self._curves: Audio = np.zeros((stems + 3, 1), np.float32)
        self._target = np.zeros(stems + 3)
        self._started = False
        self._sum = WeightedSum(stems, channels, longest)
        self._scratch: Audio = np.empty((channels, longest), np.float32)

    def settle(self) -> None:
        """Put every gain where it is going, at once: no fade in."""
        self._aim()
        self._ramps.value[:] = self._target
        self._filter.settle(self._control.master_filter)
        self._started = True

    @property
    def silent(self) -> bool:
        """Whether a fade to silence has arrived there."""
        return bool(self.fading_out and self._ramps.value[_FADE] == 0)

    @property
    def gains(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The stems' gains at the end of the last block, before the master; a view."""
        return self._ramps.value[: self._stems]

    @property
    def fade(self) -> Audio:
        """The curve of start and end in the last block, (n,) or (1,); valid until the next one."""
        curve: Audio = self._curves[_FADE]
        return curve

    def mix(self, block: Block, out: Audio) -> None:
        """Write the mix of a block to (channels, n)."""
        if not self._started:
            self.settle()
            self._ramps.value[_FADE] = 0
        self._aim()
        self._curves = self._ramps.advance(self._target, out.shape[1])
        self._sum.write(block.stems, block.base, self._curves[: self._stems], out)
        if block.extra is not None:
            out += block.extra
        out *= self._curves[_MASTER]
        self._filter.process(out[None], self._control.master_filter)
        self.limiter.process(out, bool(self._control.limiter[0]))
        self._bypass(block.dry, out)
        out *= self._curves[_FADE]

    def stem_out(self, stems: Audio, out: Audio) -> None:
        """The faded stems, (stems, channels, n), of the block that was mixed last, with the master.

        Neither limited, nor filtered as the mix is, nor replaced by the input in A/B.
        """
        np.multiply(stems, self._curves[: self._stems, None], out=out)
        out *= self._curves[_MASTER] * self._curves[_FADE]

    def _aim(self) -> None:
        control, target = self._control, self._target
        audible = ~control.mute & (control.solo | (not np.count_nonzero(control.solo)))
        np.multiply(control.gain, audible, out=target[: self._stems])
        target[_MASTER] = control.master[0]
        target[_BYPASS] = control.bypass[0]
        target[_FADE] = not self.fading_out

    def _bypass(self, dry: Audio, out: Audio) -> None:
        wet_to_dry = self._curves[_BYPASS]
        if np.count_nonzero(wet_to_dry):
            scratch = self._scratch[:, : out.shape[1]]
            out *= 1 - wet_to_dry
            np.multiply(dry, wet_to_dry, out=scratch)
            out += scratch
