"""Faders that stay where they are. Knows nothing of files or devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rtsep.errors import ConfigError
from rtsep.mixer.levels import LOUDEST_DB, db_to_gain

Audio = np.ndarray[Any, np.dtype[np.float32]]


class Mixer:
    """One fader per stem. A muted stem is silent; with any solo, so is every stem without one."""

    def __init__(
        self,
        stems: Sequence[str],
        *,
        gains_db: Mapping[str, float] | None = None,
        mute: Iterable[str] = (),
        solo: Iterable[str] = (),
    ) -> None:
        """Gains in dB from -inf to +6, 0 where none is given. Raises ConfigError."""
        gains_db, mute, solo = gains_db or {}, set(mute), set(solo)
        for stem in {*gains_db, *mute, *solo} - set(stems):
            raise ConfigError(f"no stem {stem!r}; this model has {', '.join(stems)}")
        for stem, db in gains_db.items():
            if not db <= LOUDEST_DB:
                raise ConfigError(f"gain of {stem} must be -inf to {LOUDEST_DB:+g} dB, got {db}")
        self.gains = np.array(
            [
                0.0
                if stem in mute or (solo and stem not in solo)
                else db_to_gain(gains_db.get(stem, 0.0))
                for stem in stems
            ],
            np.float32,
        )

    def mix(self, stems: Audio) -> Audio:
        """stems (stems, channels, n) -> (channels, n)"""
        mixed: Audio = np.einsum("s,scn->cn", self.gains, stems)
        return mixed
