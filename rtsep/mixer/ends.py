"""The two ends of a desk: the knob ahead of everything, and the meter behind everything."""

from __future__ import annotations

from collections.abc import Sequence

from rtsep.errors import ConfigError
from rtsep.mixer.board import Board
from rtsep.mixer.control import Control
from rtsep.mixer.levels import MOST_TRIM_DB, db_to_gain, gain_to_db


class Ends(Board):
    """Any thread may call."""

    def __init__(self, stems: Sequence[str], control: Control) -> None:
        super().__init__(stems, control)
        self.loudness_resets = 0  # whoever measures begins anew when there is another one

    def set_trim(self, db: float) -> None:
        """The level of the input, ahead of everything, -20 to +20 dB. Raises ConfigError."""
        self._write(self._control.trim, 0, db_to_gain(checked_trim(db)))

    @property
    def trim_db(self) -> float:
        return gain_to_db(float(self._control.trim[0]))

    def reset_loudness(self) -> None:
        """Integrated loudness, maxima and the true peak begin anew."""
        with self._lock:
            self.loudness_resets += 1


def checked_trim(db: float) -> float:
    """Raises ConfigError."""
    if not -MOST_TRIM_DB <= db <= MOST_TRIM_DB:  # written so that NaN is refused too
        raise ConfigError(f"the trim must be {-MOST_TRIM_DB:g} to {MOST_TRIM_DB:+g} dB, got {db}")
    return db
