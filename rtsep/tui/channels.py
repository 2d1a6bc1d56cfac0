"""What a strip on the screen can be told to do: a stem's fader or the master's, and its lamps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rtsep.control.actions import Action
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import LOUDEST_DB, travel_to_db

FLOOR_DB = -60.0  # below this, keys and wheels go to silence, and from silence to here


@dataclass(frozen=True)
class Channel:
    """A fader and the switches below it. Asks the desk, and tells it; remembers nothing."""

    desk: Desk
    gain: Callable[[], float]  # dB
    set_gain: Callable[[float], None]
    switches: tuple[Action, ...]

    def press(self, switch: int) -> None:
        """Turn over the switch at that place."""
        self.switches[switch].press(self.desk)

    def nudge(self, by_db: float) -> None:
        """Move the fader by a step, from -inf over -60 to +6 dB."""
        gain_db = self.gain()
        if gain_db < FLOOR_DB:
            self.set_gain(FLOOR_DB if by_db > 0 else -math.inf)
            return
        moved = round(gain_db + by_db, 2)
        self.set_gain(-math.inf if moved < FLOOR_DB else min(moved, LOUDEST_DB))

    def slide(self, travel: float) -> None:
        """Put the fader where the mouse is: 0 is the bottom, 1 the top, 0.1 dB the least step."""
        db = travel_to_db(min(max(travel, 0.0), 1.0))
        self.set_gain(db if db == -math.inf else round(db, 1))


def stem_channel(desk: Desk, stem: str) -> Channel:
    return Channel(
        desk,
        lambda: desk.fader(stem).gain_db,
        lambda db: desk.set_gain(stem, db),
        (Action("mute", stem), Action("solo", stem)),
    )


def master_channel(desk: Desk) -> Channel:
    return Channel(
        desk, lambda: desk.master_db, desk.set_master, (Action("limiter"), Action("bypass"))
    )
