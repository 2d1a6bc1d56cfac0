"""What the headphones hear: stems before their faders, the delayed input, the mix. Runs in the
audio callback, behind the faders; knows nothing of devices.

It takes the very block that is mixed, and so is as late as the mix whatever that is. Whatever comes
to delay the mix behind the faders has to delay this block as well.
"""

from __future__ import annotations

import numpy as np

from rtsep.mixer.control import Control
from rtsep.mixer.faders import RAMP_SECONDS, Block
from rtsep.mixer.limiter import Limiter
from rtsep.mixer.ramps import Ramps
from rtsep.mixer.sums import WeightedSum
from rtsep.ring.ring import Audio

_INPUT, _CUE, _MASTER, _SPLIT = -4, -3, -2, -1  # lanes of the ramps, behind the stems'


class Cue:
    """Prelistening of every stem and of the input, the knob between that and the mix, the volume,
    and one for each ear.

    Every change is a ramp. Where nothing moves the result is exact: one stem alone is that stem,
    all of them together are the delayed input, and the master only is the mix, bit by bit. It reads
    the mix and changes nothing of it. Ears are kept from more than full scale.
    """

    def __init__(
        self, control: Control, stems: int, channels: int, sample_rate: int, longest: int
    ) -> None:
        """Blocks have at most `longest` samples."""
        self._control = control
        self._stems = stems
        self._limiter = Limiter(channels, sample_rate, longest)
        self._sum = WeightedSum(stems, channels, longest)
        self._ramps = Ramps(stems + 4, RAMP_SECONDS * sample_rate, longest)
        self._target = np.zeros(stems + 4)
        self._started = False
        self._cue: Audio = np.zeros((channels, longest), np.float32)
        self._scratch: Audio = np.zeros((channels, longest), np.float32)
        self._mono: Audio = np.zeros(longest, np.float32)

    def mix(self, block: Block, master: Audio, fade: Audio, out: Audio) -> None:
        """Write what is heard with a block, (channels, n), beside the `master`, which is its mix.
        `fade` is the curve of start and end that the master has already."""
        count = out.shape[1]
        self._aim()
        if not self._started:
            self._ramps.value[:] = self._target
            self._started = True
        curves, cue = self._ramps.advance(self._target, count), self._cue[:, :count]
        self._prelisten(block, curves, cue)
        cue *= fade
        np.multiply(cue, curves[_CUE], out=out)
        self._add(master, curves[_MASTER], out)
        if np.count_nonzero(curves[_SPLIT]):
            self._add_mono(cue, curves[_SPLIT], out[0])
            self._add_mono(master, curves[_SPLIT], out[-1])
        self._limiter.process(out)

    def _aim(self) -> None:
        """The knob is a straight line: what it mixes are parts of one sound, which add up as
        amplitudes do. It rests while the ears are split."""
        control, target = self._control, self._target
        knob, volume = float(control.cue_mix[0]), float(control.cue_volume[0])
        split = bool(control.cue_split[0])
        target[: self._stems] = control.pfl
        target[_INPUT] = control.pfl_input[0]
        target[_CUE] = 0.0 if split else volume * (1 - knob)
        target[_MASTER] = 0.0 if split else volume * knob
        target[_SPLIT] = volume if split else 0.0

    def _prelisten(self, block: Block, curves: Audio, cue: Audio) -> None:
        stems = curves[: self._stems]
        self._sum.write(block.stems, block.base, stems, cue)
        self._add(block.dry, curves[_INPUT], cue)
        if block.extra is not None:  # which is heard in the place of stems
            loudest = self._mono[: stems.shape[1]]
            np.maximum.reduce(stems, axis=0, out=loudest)
            self._add(block.extra, loudest, cue)

    def _add(self, sound: Audio, gain: Audio, out: Audio) -> None:
        if np.count_nonzero(gain):
            scratch = self._scratch[:, : out.shape[1]]
            np.multiply(sound, gain, out=scratch)
            out += scratch

    def _add_mono(self, sound: Audio, gain: Audio, ear: Audio) -> None:
        mono = self._mono[: ear.shape[0]]
        np.add.reduce(sound, axis=0, out=mono)
        mono *= gain
        mono /= sound.shape[0]
        ear += mono
