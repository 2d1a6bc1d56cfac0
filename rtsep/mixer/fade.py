"""From one mix to another in some seconds, so that what is heard glides.

Faders glide as they travel, everything else that has a size evenly. Stems that a mix silences glide
down before they are muted, and those that it lets be heard are unmuted at the bottom and glide up:
in between all that are heard stand open. Behind every step are the mixer's ramps, as behind every
hand. Knows nothing of threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from rtsep.mixer.control import Control, Field, Mix, audible
from rtsep.mixer.history import Key
from rtsep.mixer.levels import db_to_gain, db_to_travel, gain_to_db, travel_to_db

TRAVELLING = ("gain", "master", "eq")  # fields of faders, whose way is that of decibels


class Fade:
    """One way. What a hand takes meanwhile, the fade leaves alone from then on."""

    def __init__(self, control: Control, goal: Mix) -> None:
        """`goal` has all fields of the mix, of the same shapes."""
        self.goal = goal
        self._fields = control.mix
        self._taken: dict[str, Field] = {
            name: np.zeros(field.shape, np.bool_) for name, field in self._fields.items()
        }
        self._heard = audible(control.mute, control.solo)

    def take(self, key: Key) -> None:
        """A hand is there. Whoever moves a stem's fader wants to hear it: nothing mutes it then."""
        name, place = key
        if name not in self._taken:  # of no mix
            return
        self._taken[name][place] = True
        if name == "gain":
            self._taken["mute"][place] = True

    def pending(self, key: Key) -> bool:
        """Whether this will still be put where the goal is."""
        name, place = key
        return name in self._taken and not np.all(self._taken[name][place])

    def settled(self) -> Mix:
        """What will have come of it."""
        return {
            name: np.where(self._taken[name], field, self.goal[name])
            for name, field in self._fields.items()
        }

    def run(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
        """A step each turn. Between two of them a moment has to pass: the callback reads mutes and
        gains one after the other, and a fader that is put back belongs behind its mute."""
        self._put("gain", np.where(self._heard, self._fields["gain"], 0.0))
        yield
        self._switch()
        began = clock()
        start = {name: field.copy() for name, field in self._fields.items()}
        while (share := (clock() - began) / seconds) < 1.0:
            for name in start:
                self._glide(name, start[name], share)
            yield
        self._arrive()
        yield
        self._put("gain", self.goal["gain"])

    def _switch(self) -> None:
        """What has no size switches at once; of the stems, those that are silent before and after
        stay muted, and nothing else is."""
        self._put("mute", ~(self._heard | self._will_be))
        self._put("solo", np.zeros_like(self.goal["solo"]))
        for name, field in self._fields.items():
            if name not in ("mute", "solo") and not _has_size(field):
                self._put(name, self.goal[name])

    def _glide(self, name: str, start: Field, share: float) -> None:
        if not _has_size(start):
            return
        goal = self._audible_goal(name)
        if name in TRAVELLING:
            way = [
                _gain(_travel(a) + share * (_travel(b) - _travel(a)))
                for a, b in zip(start.flat, goal.flat, strict=True)
            ]
            self._put(name, np.where(start == goal, goal, np.reshape(way, goal.shape)))
        else:
            self._put(name, start + share * (goal - start))

    def _arrive(self) -> None:
        """Exactly there, but for the faders of stems that are silent from now on."""
        for name, field in self._fields.items():
            if _has_size(field):
                self._put(name, self._audible_goal(name))
        self._put("mute", self.goal["mute"])
        self._put("solo", self.goal["solo"])

    def _audible_goal(self, name: str) -> Field:
        goal = self.goal[name]
        return np.where(self._will_be, goal, 0.0) if name == "gain" else goal

    @property
    def _will_be(self) -> Field:
        """Which stems are heard in the end, also after what hands have pressed."""
        end = self.settled()
        return audible(end["mute"], end["solo"])

    def _put(self, name: str, values: Field) -> None:
        np.copyto(self._fields[name], values, where=~self._taken[name], casting="unsafe")


def _has_size(field: Field) -> bool:
    return np.issubdtype(field.dtype, np.floating)


def _travel(gain: float) -> float:
    return db_to_travel(gain_to_db(float(gain)))


def _gain(travel: float) -> float:
    return db_to_gain(travel_to_db(travel))
