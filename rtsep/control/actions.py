"""What a control can do to a desk, as words: `gain:vocals`, `mute:1`, `preset:acapella`, `record`.

Shared by everything that controls; knows nothing of buttons, messages or keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

from rtsep.config import PATHS, POLICIES
from rtsep.control.cue_verbs import CUE_VERBS
from rtsep.control.end_verbs import END_VERBS
from rtsep.control.transport import TRANSPORT
from rtsep.control.verbs import FADER, SWITCH, TRIGGER, Verb, nothing
from rtsep.errors import ConfigError
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import db_to_travel, db_to_turn, travel_to_db, turn_to_db
from rtsep.mixer.presets import PRESETS
from rtsep.mixer.scenes import SCENES

__all__ = ["FADER", "SWITCH", "TRIGGER", "VERBS", "Action", "Verb", "parse_action"]

_SURE = 0.8  # how alike a word is that was misspelt, and not meant


def _turn(desk: Desk, stem: str, *, band: int) -> float:
    return db_to_turn(desk.fader(stem).eq_db[band])


def _set_turn(desk: Desk, stem: str, turn: float, *, band: int) -> None:
    desk.set_eq(stem, BANDS[band], turn_to_db(turn))


def _kill(desk: Desk, stem: str, *, band: int) -> float:
    return desk.fader(stem).kill[band]


def _set_kill(desk: Desk, stem: str, on: bool, *, band: int) -> None:
    desk.set_kill(stem, BANDS[band], on)


_EQUALIZER = {
    f"eq-{name}": Verb(
        FADER,
        "stem",
        f"the {name} knob of a stem's equalizer",
        partial(_turn, band=band),
        partial(_set_turn, band=band),
        rest=db_to_turn(0.0),
    )
    for band, name in enumerate(BANDS)
} | {
    f"kill-{name}": Verb(
        SWITCH,
        "stem",
        f"silence the {name} band of a stem",
        partial(_kill, band=band),
        partial(_set_kill, band=band),
    )
    for band, name in enumerate(BANDS)
}

VERBS: dict[str, Verb] = {
    "gain": Verb(
        FADER,
        "stem",
        "the fader of a stem",
        lambda desk, stem: db_to_travel(desk.fader(stem).gain_db),
        lambda desk, stem, travel: desk.set_gain(stem, travel_to_db(travel)),
    ),
    "mute": Verb(
        SWITCH, "stem", "mute a stem", lambda desk, stem: desk.fader(stem).mute, Desk.set_mute
    ),
    "solo": Verb(
        SWITCH, "stem", "solo a stem", lambda desk, stem: desk.fader(stem).solo, Desk.set_solo
    ),
    **_EQUALIZER,
    "filter": Verb(
        FADER,
        "stem",
        "the filter of a stem: low-pass to the left, high-pass to the right",
        lambda desk, stem: (desk.fader(stem).filter + 1) / 2,
        lambda desk, stem, travel: desk.set_filter(stem, 2 * travel - 1),
        rest=0.5,
    ),
    "master-filter": Verb(
        FADER,
        None,
        "the filter of the mix",
        lambda desk: (desk.master_filter + 1) / 2,
        lambda desk, travel: desk.set_master_filter(2 * travel - 1),
        rest=0.5,
    ),
    "master": Verb(
        FADER,
        None,
        "the master fader",
        lambda desk: db_to_travel(desk.master_db),
        lambda desk, travel: desk.set_master(travel_to_db(travel)),
    ),
    **END_VERBS,
    "bypass": Verb(
        SWITCH, None, "hear the untouched input", lambda desk: desk.bypass, Desk.set_bypass
    ),
    "limiter": Verb(SWITCH, None, "the limiter", lambda desk: desk.limiter, Desk.set_limiter),
    "record": Verb(SWITCH, None, "recording", lambda desk: desk.recording, Desk.set_recording),
    **CUE_VERBS,
    "preset": Verb(
        TRIGGER,
        "preset",
        "set the mutes as a preset says",
        nothing,
        lambda desk, name, on: desk.apply_preset(name),
        tuple(PRESETS),
        open=True,
    ),
    "scene": Verb(
        TRIGGER,
        "scene",
        "go to the faders that are kept as a scene",
        nothing,
        lambda desk, number, on: desk.recall_scene(int(number)),
        tuple(map(str, SCENES)),
    ),
    "store": Verb(
        TRIGGER,
        "scene",
        "keep the faders as a scene",
        nothing,
        lambda desk, number, on: desk.store_scene(int(number)),
        tuple(map(str, SCENES)),
    ),
    "undo": Verb(
        TRIGGER,
        None,
        "undo the last move, preset or scene",
        nothing,
        lambda desk, on: f"undone: {desk.undo()}",
    ),
    "policy": Verb(
        TRIGGER,
        "policy",
        "what is heard when the engine is late",
        nothing,
        lambda desk, name, on: desk.set_policy(name),
        POLICIES,
    ),
    "path": Verb(
        TRIGGER,
        "path",
        "hear the full path or the instant one",
        nothing,
        lambda desk, name, on: desk.set_path(name),
        PATHS,
    ),
    "reset": Verb(
        TRIGGER,
        None,
        "all faders to 0 dB, no mute, no solo, no equalizer, no filter",
        nothing,
        lambda desk, on: desk.reset(),
    ),
    **TRANSPORT,
}


@dataclass(frozen=True)
class Action:
    """One word of the vocabulary. A stem is named, or counted from 1 in the model's order."""

    verb: str
    target: str = ""

    def __str__(self) -> str:
        return f"{self.verb}:{self.target}" if self.target else self.verb

    @property
    def kind(self) -> str:
        """FADER, SWITCH or TRIGGER."""
        return VERBS[self.verb].kind

    def fits(self, desk: Desk) -> bool:
        """Whether the desk has the stem. `gain:5` does not fit a model of 4 stems."""
        return VERBS[self.verb].target != "stem" or self._stem(desk) is not None

    def value(self, desk: Desk) -> float:
        """What the desk says now: a travel from 0 to 1, 1 for on and 0 for off, 0 for triggers.

        Raises ConfigError where the desk does not have the stem; so do the methods below.
        """
        return float(VERBS[self.verb].get(desk, *self._arguments(desk)))

    def apply(self, desk: Desk, value: float) -> Any:
        """Set the fader's travel from 0 to 1 (what is beyond becomes the end); a switch is on, and
        a trigger done, from 0.5. A text is what is to be told of it. ConfigError, also for NaN."""
        if self.kind == FADER:
            value = min(max(value, 0.0), 1.0)  # NaN stays NaN, and the desk refuses it
        elif self.kind == TRIGGER and not value >= 0.5:
            return None
        else:
            value = value >= 0.5
        return VERBS[self.verb].set(desk, *self._arguments(desk), value)

    def press(self, desk: Desk) -> None:
        """Turn a switch over, or do what a trigger does. A fader goes to 0 dB, a knob to where it
        does nothing. ConfigError."""
        if self.kind == FADER:
            self.apply(desk, VERBS[self.verb].rest)
        else:
            self.apply(desk, 1.0 - self.value(desk))

    def _arguments(self, desk: Desk) -> tuple[str, ...]:
        if VERBS[self.verb].target is None:
            return ()
        if VERBS[self.verb].target != "stem":
            return (self.target,)
        return (self._stem(desk) or _refuse_stem(self.target, desk.stems),)

    def _stem(self, desk: Desk) -> str | None:
        if self.target in desk.stems:
            return self.target
        position = _position(self.target)
        return desk.stems[position - 1] if position and position <= len(desk.stems) else None


def parse_action(text: str, stems: Sequence[str] | None = None) -> Action:
    """`gain:vocals`, `mute:2`, `master` ... Raises ConfigError, with what there is instead.

    A stem's name is checked only where the model's `stems` are given: maps are made for any model,
    and for any presets of one's own.
    """
    verb, colon, target = text.strip()[:80].partition(":")
    action = Action(verb.strip(), target.strip())
    if action.verb not in VERBS:
        close = get_close_matches(action.verb, VERBS, n=3)
        raise ConfigError(f"no action {text[:80]!r}; {_there_is(close, [*map(_shape, VERBS)])}")
    known = VERBS[action.verb]
    if (known.target is not None) != bool(action.target) or (colon and known.target is None):
        raise ConfigError(f"action {text[:80]!r} must be written {_shape(action.verb)}")
    if known.choices and action.target not in known.choices:
        close = get_close_matches(
            action.target, known.choices, n=3, cutoff=_SURE if known.open else 0.6
        )
        if known.open and not close:
            return action
        raise ConfigError(f"no {known.target} {action.target!r}; {_there_is(close, known.choices)}")
    if known.target == "stem":
        _check_stem(action.target, stems)
    return action


def _check_stem(target: str, stems: Sequence[str] | None) -> None:
    if stems is None:
        if target.isdecimal() and not _position(target):
            raise ConfigError(f"stems are counted from 1 to 99, got {target!r}")
    elif target not in stems and not 1 <= _position(target) <= len(stems):
        _refuse_stem(target, stems)


def _position(target: str) -> int:
    """1 to 99; 0 for what is no such number."""
    return int(target) if target.isdecimal() and len(target) <= 2 else 0


def _refuse_stem(target: str, stems: Sequence[str]) -> str:
    raise ConfigError(f"no stem {target!r}; this model has {', '.join(stems)} (or 1-{len(stems)})")


def _shape(verb: str) -> str:
    target = VERBS[verb].target
    return f"{verb}:{target.upper()}" if target else verb


def _there_is(close: Sequence[str], everything: Sequence[str]) -> str:
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(everything)}"
