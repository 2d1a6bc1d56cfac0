"""The values of a desk and the hands on them: every write is noted, scenes are kept and recalled.

Knows fields, not what they are for: what is added to `Control` belongs to gestures and scenes, too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rtsep.errors import ConfigError
from rtsep.mixer.control import Control, Field, Mix
from rtsep.mixer.fade import Fade
from rtsep.mixer.history import History, Key
from rtsep.mixer.scenes import (
    FADE_SECONDS,
    Scene,
    checked_fade,
    checked_number,
    mix_of,
    scene_of,
    told,
)
from rtsep.mixer.transport import Transported

STEP_SECONDS = 0.01  # between two steps of a fade; the mixer's ramps make one line of them
OVER = object()

Keep = Callable[[int, Scene], object]


class Board(Transported):
    """Any thread may call. A scene's fade has a thread of its own while it lasts."""

    def __init__(self, stems: Sequence[str], control: Control) -> None:
        self.stems = tuple(stems)
        self.changes = 0
        self._control = control
        self._lock = threading.Lock()
        self._names = {id(field): name for name, field in control.moved.items()}
        self._history = History()
        self._fade: Fade | None = None
        self._fade_seconds = FADE_SECONDS
        self._scenes: dict[int, Scene] = {}
        self._keep: Keep = lambda number, scene: None

    def keep_scenes(self, kept: Mapping[int, Scene], keep: Keep, fade_seconds: float) -> None:
        """Begin with these scenes; `keep` hears of each that is stored. Raises ConfigError for a
        fade that lasts too long."""
        self._fade_seconds = checked_fade(fade_seconds)
        self._scenes, self._keep = dict(kept), keep

    @property
    def scenes(self) -> tuple[int, ...]:
        """The numbers that hold one."""
        return tuple(sorted(self._scenes))

    @property
    def scene_fade(self) -> float:
        """Seconds that a recall takes where it does not say."""
        return self._fade_seconds

    def scene_told(self, number: int) -> str:
        """What is in it, in a few words; nothing where it is empty."""
        scene = self._scenes.get(number)
        return "" if scene is None else told(scene)

    def store_scene(self, number: int) -> None:
        """Everything that makes up the mix, as it is, or will be after a fade; in the place of what
        was there. Raises ConfigError for a number that there is not, and RtsepError where it could
        not be kept for the next session."""
        with self._lock:
            scene = scene_of(self._settled(), self.stems)
            self._scenes[checked_number(number)] = scene
            self.changes += 1
        self._keep(number, scene)

    def recall_scene(self, number: int, fade_seconds: float | None = None) -> None:
        """Go there in so many seconds, or as long as fades of this desk take. What a hand moves
        meanwhile stays with the hand. Raises ConfigError for an empty scene."""
        seconds = self._fade_seconds if fade_seconds is None else checked_fade(fade_seconds)
        if checked_number(number) not in self._scenes:
            raise ConfigError(f"scene {number} is empty; store the faders there first")
        with self._lock:
            now = self._settled()
            goal = mix_of(self._scenes[number], now, self.stems)
            self._note(f"scene {number}", now, goal)
            self._go(goal, seconds)

    def undo(self) -> str:
        """Take back the last gesture: a fader's way until it rested, a switch, a preset, a scene.
        Says what it was. Raises ConfigError where there is none."""
        with self._lock:
            gesture = self._history.take()
            if gesture is None:
                raise ConfigError("there is nothing to undo")
            if gesture.whole:
                self._arrive()
            for (name, place), value in gesture.before.items():
                self._take((name, place))
                getattr(self._control, name)[place] = value
            self.changes += 1
        return gesture.name

    def note_change(self) -> None:
        """Of something that is no value of the desk, and shown beside them."""
        with self._lock:
            self.changes += 1

    def forget_gestures(self) -> None:
        """What was done so far is the beginning."""
        with self._lock:
            self._history.clear()

    def _index(self, stem: str) -> int:
        if stem not in self.stems:
            raise ConfigError(f"no stem {stem!r}; this model has {', '.join(self.stems)}")
        return self.stems.index(stem)

    def _write(self, field: Field, index: Any, value: Any) -> None:
        with self._lock:
            self._put(field, index, value)

    def _toggle(self, field: Field, index: Any) -> None:
        with self._lock:  # two controls may press at once
            self._put(field, index, not field[index])

    def _write_mix(self, name: str, values: Mix) -> None:
        """Whole fields at once, as one gesture of that name."""
        with self._lock:
            now = self._settled()
            self._note(name, now, now | values)
            self._arrive()
            for field, array in values.items():
                getattr(self._control, field)[...] = array
            self.changes += 1

    def _put(self, field: Field, index: Any, value: Any) -> None:
        name = self._names.get(id(field))
        if name is not None:
            key = (name, index)
            before = self._settled_value(key, field)
            moved = field.dtype.type(value) != before
            words = _words(name, index, self.stems if field.shape[-1] == len(self.stems) else ())
            if moved and np.issubdtype(field.dtype, np.floating):
                self._history.note_move(words, key, before)
            elif moved:
                self._history.note(words, {key: before}, whole=False)
            self._take(key)
        field[index] = value
        self.changes += 1

    def _note(self, name: str, before: Mix, after: Mix) -> None:
        """As one gesture, all that will be different."""
        changed = {field: before[field] != after[field] for field in before}
        values = {
            (field, place): before[field][place]
            for field, places in changed.items()
            for place in zip(*np.nonzero(places), strict=True)
        }
        if values:
            self._history.note(name, values, whole=True)

    def _settled(self) -> Mix:
        """The mix, after what is still going on; copies."""
        if self._fade is not None:
            return self._fade.settled()
        return {name: field.copy() for name, field in self._control.mix.items()}

    def _settled_value(self, key: Key, field: Field) -> Any:
        fade = self._fade
        return fade.goal[key[0]][key[1]] if fade and fade.pending(key) else field[key[1]]

    def _take(self, key: Key) -> None:
        if self._fade is not None:
            self._fade.take(key)

    def _go(self, goal: Mix, seconds: float) -> None:
        self._fade = Fade(self._control, goal)
        if not seconds:
            self._arrive()
            return
        steps = self._fade.run(seconds)
        threading.Thread(
            target=self._follow, args=(self._fade, steps), name="fade", daemon=True
        ).start()

    def _arrive(self) -> None:
        """Where a fade is going, at once."""
        if self._fade is not None:
            end, self._fade = self._fade.settled(), None
            for name, field in self._control.mix.items():
                field[...] = end[name]
            self.changes += 1

    def _follow(self, fade: Fade, steps: Iterator[None]) -> None:
        """Until it has arrived, or another one has begun."""
        while True:
            with self._lock:
                if self._fade is not fade:
                    return
                self.changes += 1
                if next(steps, OVER) is OVER:
                    self._fade = None
                    return
            time.sleep(STEP_SECONDS)


def _words(name: str, index: Any, stems: Sequence[str]) -> str:
    """What was moved; of a field per stem, its last index says whose."""
    place = index[-1] if isinstance(index, tuple) else index
    return f"{name} of {stems[place]}" if stems else name
