"""What a desk can do, and how it stands, in the words of the protocol: actions as in MIDI maps.

What a desk learns is here, and so on the page, as soon as `VERBS` has a word for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rtsep.control.actions import VERBS, Action, parse_action
from rtsep.control.cue_verbs import CUE_VERBS
from rtsep.control.transport import TRANSPORT
from rtsep.control.verbs import FADER, TRIGGER
from rtsep.errors import ConfigError
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import MARKS, TRIM_MARKS, TURN_MARKS

Value = float | str | tuple[int, ...]
State = dict[str, Value]

# Of faders that are in dB: travel, dB.
SCALES = {
    **dict.fromkeys(("gain", "master", "cue-volume"), MARKS),
    **dict.fromkeys((f"eq-{band}" for band in BANDS), TURN_MARKS),
    "trim": TRIM_MARKS,
}
# Of faders that are in no unit: what they do on the left, where they rest, and on the right.
_FILTER = ("low-pass", "off", "high-pass")
WORDS = {"filter": _FILTER, "master-filter": _FILTER, "cue-mix": ("cue", "cue only", "master")}
# What triggers have to do with: which choice is in force, which scenes are filled, how long one
# takes.
CHOSEN: dict[str, Callable[[Desk], Value]] = {
    "policy": lambda desk: desk.policy,
    "path": lambda desk: desk.path,
    "scenes": lambda desk: desk.scenes,
    "scene_fade": lambda desk: desk.scene_fade,
}
# Of faders that move by themselves: told as a figure.
MOVING = frozenset({"position"})


class Vocabulary:
    """Of one desk. Checks what it is told; knows nothing of sockets."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._plugged = False
        self.learn()

    def learn(self) -> bool:
        """What the desk has now: headphones are plugged in and out. Whether that is news."""
        before, self._plugged = self._plugged, self._desk.has_cue
        self._actions = {str(action): action for action in _actions(self._desk)}
        self._stateful = {
            name: action
            for name, action in self._actions.items()
            if action.kind != TRIGGER and name not in MOVING
        }
        return self._plugged != before

    def describe(self) -> list[dict[str, Any]]:
        """Every control, in the order of the vocabulary, stems in the model's order."""
        self.learn()
        return [_described(name, action) for name, action in self._actions.items()]

    def state(self) -> State:
        """Everything that has one: faders as travel, switches as 0 or 1, choices by name, and what
        there is to know of scenes."""
        state: State = {name: one.value(self._desk) for name, one in self._stateful.items()}
        return state | {verb: chosen(self._desk) for verb, chosen in CHOSEN.items()}

    def set(self, name: str, value: float) -> tuple[str, str]:
        """Do it, and say which part of the state a hand has hold of then: none of a trigger, of
        which everybody is told; and what that hand should know of it. Raises ConfigError."""
        action = self._actions.get(name) or parse_action(name, self._desk.stems)
        done = action.apply(self._desk, value)
        held = "" if action.kind == TRIGGER else str(action)
        return held, done if isinstance(done, str) else ""


def is_fader(name: str) -> bool:
    """Of a part of the state."""
    verb = VERBS.get(name.partition(":")[0])
    return verb is not None and verb.kind == FADER


def checked_moves(moves: Any, most: int) -> dict[str, float]:
    """Names and numbers. Raises ConfigError for anything else."""
    if not isinstance(moves, dict) or len(moves) > most:
        raise ConfigError(f"set takes an object of at most {most} actions, got {moves!r:.60}")
    for name, value in moves.items():
        if not isinstance(value, (int, float)):
            raise ConfigError(f"{name[:60]!r} takes a number, got {value!r:.60}")
    try:
        return {name: float(value) for name, value in moves.items()}
    except OverflowError as error:  # an integer of hundreds of digits
        raise ConfigError("set takes numbers that a float can hold") from error


def _actions(desk: Desk) -> Iterator[Action]:
    for verb, known in VERBS.items():
        if verb in TRANSPORT and not desk.has_transport:
            continue
        for target in _targets(desk, verb, known.target, known.choices):
            yield Action(verb, target)


def _targets(desk: Desk, verb: str, target: str | None, choices: Sequence[str]) -> Sequence[str]:
    if verb in CUE_VERBS and not desk.has_cue:
        return ()
    if target is None:
        return ("",)
    if verb == "path":  # nothing to choose from where there is one
        return desk.paths if len(desk.paths) > 1 else ()
    if verb == "preset":  # with those of one's own
        return tuple(desk.presets)
    return desk.stems if target == "stem" else choices


def _described(name: str, action: Action) -> dict[str, Any]:
    known = VERBS[action.verb]
    described: dict[str, Any] = {
        "action": name,
        "verb": action.verb,
        "kind": known.kind,
        "of": known.target or "",
        "target": action.target,
        "help": known.help,
    }
    if known.kind == FADER:
        described["rest"] = known.rest
    if action.verb in SCALES:
        described["scale"] = SCALES[action.verb]
    if action.verb in WORDS:
        described["words"] = WORDS[action.verb]
    return described
