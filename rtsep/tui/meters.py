"""How a meter moves: up at once, down slowly, the highest peak held. Knows nothing of screens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rtsep.mixer.levels import db_to_travel
from rtsep.status import Level

FALL_DB = 36.0  # per second
HOLD_SECONDS = 1.5
QUIETEST_DB = -90.0


@dataclass(frozen=True)
class Reading:
    """What a meter shows: heights from 0 to 1 on the scale of the faders, and the held peak."""

    rms: float
    peak: float
    hold: float
    hold_db: float  # -inf for silence

    @property
    def over(self) -> bool:
        """Above full scale."""
        return self.hold_db > 0


class Ballistics:
    """One meter's memory. `move` is called with each new level, any number of times a second."""

    def __init__(self) -> None:
        self._rms = self._peak = self._hold = QUIETEST_DB
        self._held_at = 0.0
        self._at = -math.inf

    def move(self, level: Level, now: float) -> Reading:
        """`now` in seconds, of any clock that does not go back."""
        fall = FALL_DB * (now - self._at)
        self._at = now
        self._rms = max(_number(level.rms_db), self._rms - fall)
        self._peak = max(_number(level.peak_db), self._peak - fall)
        if self._peak >= self._hold:
            self._hold, self._held_at = self._peak, now
        elif now - self._held_at > HOLD_SECONDS:
            self._hold = max(self._peak, self._hold - fall)
        hold_db = round(self._hold, 1) if self._hold > QUIETEST_DB else -math.inf
        return Reading(_height(self._rms), _height(self._peak), _height(self._hold), hold_db)


def _number(db: float) -> float:
    """A level that can be shown; NaN counts as silence."""
    return db if db > QUIETEST_DB else QUIETEST_DB


def _height(db: float) -> float:
    """Rounded to what a screen can show, so that nothing is drawn for less."""
    return round(db_to_travel(db), 2)
