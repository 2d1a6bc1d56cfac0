"""What a strip on the screen can be told to do: a stem's fader, the master's or the input's trim,
knobs and lamps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rtsep.control.actions import Action
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import LOUDEST_DB, MOST_TRIM_DB, travel_to_db

FLOOR_DB = -60.0  # below this, keys and wheels go to silence, and from silence to here
TURN_PER_DB = 0.05  # of a filter, for the keys that are 1 dB of a fader
MIX_PER_DB = 0.05  # likewise, of the knob between cue and master
FADER, FILTER, CUE_MIX = "fader", "filter", "cue mix"
KNOBS = (FADER, *reversed(BANDS), FILTER, CUE_MIX)  # as on a mixer, from the top


@dataclass(frozen=True)
class Knob:
    """Something that is turned in steps and has a place where it does nothing."""

    get: Callable[[], float]
    set: Callable[[float], None]
    moved: Callable[[float, float], float]  # from where it is, by so many steps of 1 dB

    def nudge(self, by: float) -> None:
        self.set(self.moved(self.get(), by))

    def rest(self) -> None:
        self.set(0.0)


@dataclass(frozen=True)
class Channel:
    """A fader and the switches below it. Asks the desk, and tells it; remembers nothing."""

    desk: Desk
    gain: Callable[[], float]  # dB
    set_gain: Callable[[float], None]
    switches: tuple[Action, ...]
    knobs: dict[str, Knob]  # beside the fader
    moved: Callable[[float, float], float]  # of the fader, as of `Knob`
    slides: bool = True  # whether the fader is drawn, so that a mouse can drag it

    def press(self, switch: int) -> None:
        """Turn over the switch at that place, if there is one."""
        for action in self.switches[switch : switch + 1]:
            action.press(self.desk)

    def knob(self, name: str) -> Knob:
        """Of KNOBS; what it does not have is its fader."""
        return self.knobs.get(name) or Knob(self.gain, self.set_gain, self.moved)

    def next_knob(self, name: str, by: int) -> str:
        """The one after it, of those that there are."""
        names = [FADER, *(each for each in KNOBS if each in self.knobs)]
        place = names.index(name) if name in names else 0
        return names[(place + by) % len(names)]

    def nudge(self, by_db: float) -> None:
        """Move the fader by a step, from -inf over -60 to +6 dB."""
        self.knob(FADER).nudge(by_db)

    def slide(self, travel: float) -> None:
        """Put the fader where the mouse is: 0 is the bottom, 1 the top, 0.1 dB the least step."""
        db = travel_to_db(min(max(travel, 0.0), 1.0))
        self.set_gain(db if db == -math.inf else round(db, 1))


def stem_channel(desk: Desk, stem: str) -> Channel:
    """Its last switch is under a lamp only where there are headphones."""
    knobs = {name: _band(desk, stem, band) for band, name in enumerate(BANDS)}
    return Channel(
        desk,
        lambda: desk.fader(stem).gain_db,
        lambda db: desk.set_gain(stem, db),
        (Action("mute", stem), Action("solo", stem), Action("pfl", stem)),
        knobs
        | {
            FILTER: Knob(
                lambda: desk.fader(stem).filter, partial(desk.set_filter, stem), _moved_filter
            )
        },
        moved_db,
    )


def master_channel(desk: Desk) -> Channel:
    return Channel(
        desk,
        lambda: desk.master_db,
        desk.set_master,
        (Action("limiter"), Action("bypass")),
        {FILTER: Knob(lambda: desk.master_filter, desk.set_master_filter, _moved_filter)},
        moved_db,
    )


def input_channel(desk: Desk) -> Channel:
    """Its fader is the trim."""
    return Channel(desk, lambda: desk.trim_db, desk.set_trim, (), {}, _moved_trim, slides=False)


def _band(desk: Desk, stem: str, band: int) -> Knob:
    return Knob(
        lambda: desk.fader(stem).eq_db[band], partial(desk.set_eq, stem, BANDS[band]), moved_db
    )


def moved_db(db: float, by: float) -> float:
    if db < FLOOR_DB:
        return FLOOR_DB if by > 0 else -math.inf
    moved = round(db + by, 2)
    return -math.inf if moved < FLOOR_DB else min(moved, LOUDEST_DB)


def _moved_trim(db: float, by: float) -> float:
    return min(max(round(db + by, 2), -MOST_TRIM_DB), MOST_TRIM_DB)


def _moved_filter(knob: float, by: float) -> float:
    return min(max(round(knob + TURN_PER_DB * by, 3), -1.0), 1.0)
