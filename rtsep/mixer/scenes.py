"""A mix as numbers and words, by the names of stems and fields, so that it outlives a session.

A scene that was made with other stems, or on a desk with other fields, sets what both have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rtsep.errors import ConfigError
from rtsep.mixer.control import Field, Mix
from rtsep.mixer.levels import LOUDEST_DB, db_to_gain, gain_to_db

SCENES = range(1, 9)
FADE_SECONDS = 1.0
LONGEST_FADE = 60.0

# Of fields that bear no other values. A scene is kept in a file that anybody can write to.
LIMITS = {
    **dict.fromkeys(("gain", "master", "eq"), (0.0, db_to_gain(LOUDEST_DB))),
    **dict.fromkeys(("filter", "master_filter"), (-1.0, 1.0)),
}

# "stems": stem -> field -> value, "desk": field -> value; a value is a number, a truth value, or a
# list of such.
Scene = Mapping[str, Mapping[str, Any]]


def scene_of(mix: Mix, stems: Sequence[str]) -> Scene:
    of_stems = {name: field for name, field in mix.items() if _per_stem(field, stems)}
    return {
        "stems": {
            stem: {name: field[..., place].tolist() for name, field in of_stems.items()}
            for place, stem in enumerate(stems)
        },
        "desk": {name: field.tolist() for name, field in mix.items() if name not in of_stems},
    }


def mix_of(scene: Scene, now: Mix, stems: Sequence[str]) -> Mix:
    """What a desk that stands like `now` is to become."""
    mix = {name: field.copy() for name, field in now.items()}
    for name, field in mix.items():
        if _per_stem(field, stems):
            for place, stem in enumerate(stems):
                kept = scene["stems"].get(stem, {}).get(name)
                field[..., place] = _fitting(kept, field[..., place], name)
        else:
            field[...] = _fitting(scene["desk"].get(name), field, name)
    return mix


def told(scene: Scene) -> str:
    """What makes it another mix than all faders at 0 dB, in a few words."""
    parts = []
    for stem, values in scene["stems"].items():
        gain = values.get("gain")
        marks = [name for name in ("mute", "solo") if values.get(name) is True]
        if isinstance(gain, float) and gain >= 0 and gain != 1:
            marks.insert(0, f"{gain_to_db(gain):+.1f}")
        if marks:
            parts.append(" ".join((stem, *marks)))
    return ", ".join(parts) or "all stems at 0 dB"


def checked_scene(scene: object) -> Scene:
    """What somebody says is a scene. Raises ValueError for anything else."""
    if not isinstance(scene, dict) or set(scene) != {"stems", "desk"}:
        raise ValueError("no scene")
    stems, desk = scene["stems"], scene["desk"]
    if not isinstance(stems, dict) or not isinstance(desk, dict):
        raise ValueError("no scene")
    for values in (*stems.values(), desk):
        if not isinstance(values, dict) or not all(map(_is_value, values.values())):
            raise ValueError("no scene")
    return {"stems": stems, "desk": desk}


def checked_number(number: int) -> int:
    """Raises ConfigError."""
    if number not in SCENES:
        raise ConfigError(f"scenes are numbered {SCENES[0]} to {SCENES[-1]}, got {number}")
    return number


def checked_fade(seconds: float) -> float:
    """Raises ConfigError."""
    if not 0 <= seconds <= LONGEST_FADE:
        raise ConfigError(f"a fade takes 0 to {LONGEST_FADE:g} seconds, got {seconds:g}")
    return seconds


def _per_stem(field: Field, stems: Sequence[str]) -> bool:
    """Such a field ends with them. One stem alone has fields like the desk's own."""
    return len(stems) > 1 and field.shape[-1] == len(stems)


def _fitting(kept: Any, now: Any, name: str) -> Any:
    """What was kept, if it is of this shape and finite."""
    if kept is None or np.shape(kept) != np.shape(now):
        return now
    low, high = LIMITS.get(name, (-math.inf, math.inf))
    return np.clip(np.asarray(kept, np.asarray(now).dtype), low, high)


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_value, value)) and np.shape(value) is not None
    return isinstance(value, (bool, int, float)) and abs(value) < 1e9
