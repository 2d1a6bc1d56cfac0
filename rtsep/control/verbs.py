"""What a word of the vocabulary of actions is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtsep.mixer.levels import db_to_travel

FADER, SWITCH, TRIGGER = "fader", "switch", "trigger"


@dataclass(frozen=True)
class Verb:
    """`get` and `set` take the desk and, where there is a target, its name."""

    kind: str  # FADER: a travel from 0 to 1; SWITCH: 0 or 1; TRIGGER: 1 does it, it has no state
    target: str | None  # what follows the colon, "stem", or nothing
    help: str
    get: Callable[..., float]
    set: Callable[..., Any]
    choices: tuple[str, ...] = ()  # of a target that is no stem
    open: bool = False  # there may be other choices, which a desk alone knows
    rest: float = db_to_travel(0.0)  # the travel of a fader that does nothing


def nothing(*desk_and_target: object) -> float:
    """The state of what has none."""
    return 0.0
