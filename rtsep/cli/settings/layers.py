"""What is said in several places: the command line wins over a set, a set over the defaults.

What cannot be said together, such as a latency and a hop, is taken from the one place that wins;
said together in one place it stays, and is refused as ever. Knows options' names, not their files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtsep.cli.common.parsing import INSTANT

_CUT = ("window", "hop", "lookahead", "mode", "refresh")
_OUTPUTS = ("stems", "two_stems", "mute", "gains_db")

# Parameter -> those that are no more meant where it is said.
_RIVALS: dict[str, tuple[str, ...]] = {
    "target": _CUT,
    **dict.fromkeys(_CUT, ("target",)),
}
# The same of `rtsep separate`, where mute and gain are outputs of their own.
_RIVALS_SEPARATE: dict[str, tuple[str, ...]] = {
    "stems": ("two_stems", "mute", "gains_db"),
    "two_stems": ("stems", "mute", "gains_db"),
    "mute": ("stems", "two_stems"),
    "gains_db": ("stems", "two_stems"),
    "encoding": ("bitrate",),
}

Said = Mapping[str, Any]  # parameter -> what is said of it, before anything is made of that


def settled(
    typed: Said, chosen: Said, defaults: Said, *, separate: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is still meant of a set and of the defaults."""
    chosen = _yielding(chosen, typed, separate)
    defaults = _yielding(defaults, {**chosen, **typed}, separate)
    if not _is_instant({**defaults, **chosen, **typed}):
        for lower, higher in ((chosen, typed), (defaults, {**chosen, **typed})):
            if {"target", "path"} & higher.keys():  # and so it is not meant by accident
                lower.pop("delay", None)
    return chosen, defaults


def _yielding(lower: Said, higher: Said, separate: bool) -> dict[str, Any]:
    rivals = _RIVALS_SEPARATE if separate else _RIVALS
    gone = {name for said in higher for name in rivals.get(said, ())} | set(higher)
    stays = {name: value for name, value in lower.items() if name not in gone}
    if higher.get("path") == "full" and stays.get("target") == INSTANT:
        del stays["target"]
    if lower.get("target") == INSTANT and "target" in gone and not {"target", "path"} & set(higher):
        stays.setdefault("path", INSTANT)  # whoever cuts it otherwise still wants that path
    return stays


def _is_instant(said: Said) -> bool:
    return INSTANT in (said.get("target"), said.get("path"))
