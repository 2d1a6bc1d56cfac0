"""The headphones as people and controllers move them: what is prelistened to, how it is mixed.

No part of the mix: what is set here changes no sample of it, is in no scene and is not undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rtsep.errors import ConfigError
from rtsep.mixer.board import Board
from rtsep.mixer.control import Control
from rtsep.mixer.levels import checked_db, db_to_gain, gain_to_db


@dataclass(frozen=True, kw_only=True)
class CueSettings:
    """How a cue begins. `mix` is from 0, the cue only, to 1, the master only."""

    mix: float = 0.0
    volume_db: float = 0.0
    split: bool = False


class CueDesk(Board):
    """A switch for each stem and for the input, two knobs and a switch. What is prelistened to is
    heard before its fader, mute and solo, and after its equalizer and filter."""

    def __init__(self, stems: Sequence[str], control: Control) -> None:
        super().__init__(stems, control)
        self._cue_channels = 0

    @property
    def has_cue(self) -> bool:
        """Whether there are headphones. Without, all that sets something here refuses."""
        return self._cue_channels > 0

    def plug_cue(self, channels: Iterable[int]) -> None:
        """The output's channels that play the cue from now on; none take it away."""
        self._cue_channels = len(tuple(channels))
        if self._cue_channels == 1:
            self._write(self._control.cue_split, 0, False)
        self.changes += 1

    def pfl(self, stem: str) -> bool:
        return bool(self._control.pfl[self._index(stem)])

    @property
    def pfl_input(self) -> bool:
        return bool(self._control.pfl_input[0])

    def set_pfl(self, stem: str, on: bool) -> None:
        """Pre-fader listening. Raises ConfigError for an unknown stem, and without a cue."""
        index = self._index(stem)
        self._check_cue()
        self._write(self._control.pfl, index, on)

    def set_pfl_input(self, on: bool) -> None:
        """The same of the input, as late as the mix."""
        self._check_cue()
        self._write(self._control.pfl_input, 0, on)

    def end_pfl(self) -> None:
        """Prelisten to nothing: the cue is silent then."""
        self._check_cue()
        for index in range(len(self.stems)):
            self._write(self._control.pfl, index, False)
        self._write(self._control.pfl_input, 0, False)

    @property
    def cue_mix(self) -> float:
        return float(self._control.cue_mix[0])

    def set_cue_mix(self, knob: float) -> None:
        """0, the cue only, to 1, the master only. Raises ConfigError."""
        self._check_cue()
        if not 0 <= knob <= 1:  # written so that NaN is refused too
            raise ConfigError(
                f"the cue mix must be 0 (the cue only) to 1 (the master only), got {knob}"
            )
        self._write(self._control.cue_mix, 0, knob)

    @property
    def cue_volume_db(self) -> float:
        return gain_to_db(float(self._control.cue_volume[0]))

    def set_cue_volume(self, db: float) -> None:
        """-inf to +6 dB. Raises ConfigError."""
        self._check_cue()
        self._write(self._control.cue_volume, 0, db_to_gain(checked_db("the cue", db)))

    @property
    def cue_split(self) -> bool:
        return bool(self._control.cue_split[0])

    def set_cue_split(self, on: bool) -> None:
        """The cue on the left ear, the master on the right one, both mono. Raises ConfigError."""
        self._check_cue()
        if on and self._cue_channels == 1:
            raise ConfigError("a cue of one channel has no two ears to split; give it a pair")
        self._write(self._control.cue_split, 0, on)

    def begin_cue(self, settings: CueSettings, channels: Iterable[int]) -> None:
        """As a session was asked for, on these channels. Nothing is set where there are none.
        Raises ConfigError."""
        self.plug_cue(channels)
        if not self.has_cue:
            return
        self.set_cue_mix(settings.mix)
        self.set_cue_volume(settings.volume_db)
        self.set_cue_split(settings.split)

    def _check_cue(self) -> None:
        if not self.has_cue:
            raise ConfigError("this session has no cue; start it with --cue 3-4")
