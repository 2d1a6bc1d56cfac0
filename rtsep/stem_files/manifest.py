"""The stem atom: what a deck shows of four stems, and how it masters their sum. Native Instruments'
JSON, version 1. Knows nothing of files."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STEMS = ("drums", "bass", "other", "vocals")  # their order in such files
_SHOWN = {"drums": "Drums", "bass": "Bass", "other": "Other", "vocals": "Vocals"}
# Colours that people who see few of them tell apart, as Native Instruments chose them.
_COLOURS = ("#009E73", "#D55E00", "#CC79A7", "#56B4E9")
# Switched off: stems of a finished record have been through all this. Times in s, levels in dB.
_MASTERING = {
    "compressor": {
        "enabled": False,
        "input_gain": 0.5,
        "output_gain": 0.5,
        "threshold": 0,
        "dry_wet": 50,
        "attack": 0.003,
        "release": 0.3,
        "ratio": 3,
        "hp_cutoff": 300,
    },
    "limiter": {"enabled": False, "threshold": 0, "ceiling": -0.35, "release": 0.05},
}
_ALSO = {"vox": "vocals", "vocal": "vocals", "drum": "drums"}
_NO_FILE_NAME = re.compile(r'[/\\:\0*?"<>|]')


class BadManifest(Exception):
    """An atom that cannot be understood; says why, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`names` as a deck shows them. `mastering` is not heeded here."""

    names: tuple[str, ...] = tuple(_SHOWN.values())
    colours: tuple[str, ...] = _COLOURS
    mastering: Mapping[str, Any] = field(default_factory=lambda: copy.deepcopy(_MASTERING))

    @property
    def stems(self) -> tuple[str, ...]:
        """The names as rtsep has them: `vocals` for Vox. No two are the same."""
        stems: list[str] = []
        for number, shown in enumerate(self.names, 1):
            plain = _NO_FILE_NAME.sub("-", shown.strip().lower()).strip(". ")
            name = _ALSO.get(plain, plain) or f"stem {number}"
            stems.append(f"{name} {number}" if name in (*stems, "mix", "mixture") else name)
        return tuple(stems)

    def packed(self) -> bytes:
        stems = [
            {"name": name, "color": colour}
            for name, colour in zip(self.names, self.colours, strict=True)
        ]
        return json.dumps({"mastering_dsp": self.mastering, "version": 1, "stems": stems}).encode()


def parsed(data: bytes) -> Manifest:
    """Raises BadManifest."""
    try:
        atom = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadManifest("its stem atom is no JSON") from error
    stems = atom.get("stems") if isinstance(atom, dict) else None
    if not isinstance(stems, list) or not all(isinstance(stem, dict) for stem in stems):
        raise BadManifest("its stem atom lists no stems")
    mastering = atom.get("mastering_dsp")
    return Manifest(
        names=tuple(str(stem.get("name", "")) for stem in stems),
        colours=tuple(str(stem.get("color", "")) for stem in stems),
        mastering=mastering if isinstance(mastering, dict) else {},
    )


def folded(stems: Sequence[str]) -> tuple[list[list[int]], list[str]]:
    """Which of a model's stems make each of the four, and what a person should be told."""
    places = [[at for at, stem in enumerate(stems) if _deck(stem) == name] for name in STEMS]
    others = [stem for stem in stems if stem not in STEMS]
    silent = [name for name, parts in zip(STEMS, places, strict=True) if not parts]
    notes = []
    if others:
        notes.append(f"a stem file has four stems: {', '.join(others)} went into other")
    if silent:
        notes.append(f"a stem file has four stems: {', '.join(silent)} left silent")
    return places, notes


def _deck(stem: str) -> str:
    return stem if stem in STEMS else "other"
