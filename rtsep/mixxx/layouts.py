"""Which strip of a controller does what on our desk.

Stems are counted in the model's order: drums, bass, other, vocals, as Mixxx counts those of a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rtsep.control.actions import VERBS
from rtsep.errors import ConfigError
from rtsep.mixxx.places import (
    BANDS,
    FILTER,
    KILLS,
    MUTE,
    PAD,
    PFL,
    RECORD,
    STRIP,
    VOLUME,
    Place,
)

AUTO, STEMS, DECKS, EQ = LAYOUTS = ("auto", "stems", "decks", "eq")
CHOSEN = "chosen"  # strip by strip, by a person
MASTER = "master"  # a strip that is the whole mix
_PADS = VERBS["preset"].choices
_MOST_STEMS = 8
_DECK = re.compile(r"Channel(\d+)")
_STEM = re.compile(r"Channel(\d+)_Stem(\d)")

Actions = Mapping[tuple[str, str], tuple[str, ...]]  # of a strip's part


@dataclass(frozen=True)
class Layout:
    """`strips` says in words what became of what."""

    name: str
    strips: Mapping[str, str]
    _actions: Actions

    def actions(self, place: Place) -> tuple[str, ...]:
        """What a place does, as our words; nothing if its strip or pad is of no use here."""
        if place.part == PAD:
            return (f"preset:{_PADS[place.pad - 1]}",) if 0 < place.pad <= len(_PADS) else ()
        if place.part == RECORD:
            return (RECORD,)
        if not place.strip:
            return (MASTER,)
        return self._actions.get((place.strip, place.part), ())


def layout_for(name: str, places: Collection[Place]) -> Layout:
    """The layout of a name for a controller that has these places; AUTO chooses by them."""
    strips = {place.strip for place in places if place.part in (VOLUME, MUTE)}
    stems = [found for found in map(_STEM.fullmatch, sorted(strips)) if found]
    decks = sorted(int(found[1]) for found in map(_DECK.fullmatch, strips) if found)
    knobs = {place.part for place in places if _DECK.fullmatch(place.strip)} & {*BANDS}
    if name == AUTO:
        name = STEMS if stems else EQ if len(decks) < 3 and len(knobs) > 1 else DECKS
    if name == STEMS:
        deck = min((int(found[1]) for found in stems), default=1)
        return _by_strips(name, _stems_of(deck))
    if name == DECKS:
        return _by_strips(name, {f"Channel{n}": [str(n)] for n in range(1, _MOST_STEMS + 1)})
    return _by_knobs()


def check_wishes(name: str, stems: Sequence[str]) -> None:
    """ConfigError for what cannot be a layout."""
    if name not in LAYOUTS:
        raise ConfigError(f"no layout {name[:80]!r}; there are {', '.join(LAYOUTS)}")
    if stems and name != AUTO:
        raise ConfigError(f"--stem says it all: leave out --layout {name}")


def chosen_layout(words: Sequence[str]) -> Layout:
    """What a person says, such as `Channel1=drums+bass`, `Sampler2=3` or `Channel4=master`. All
    else is of no use. ConfigError."""
    strips: dict[str, list[str]] = {}
    for word in words:
        strip, _, targets = word.partition("=")
        strip = strip.strip().removeprefix("[").removesuffix("]")
        named = [target.strip() for target in targets.split("+")]
        if not STRIP.fullmatch(strip) or not all(named):
            raise ConfigError(
                f"--stem must be like Channel1=drums, Channel2=bass+other, Channel1_Stem4=vocals "
                f"or Channel4=master, got {word[:80]!r}"
            )
        strips.setdefault(strip, []).extend(named)
    return _by_strips(CHOSEN, strips)


def _stems_of(deck: int) -> dict[str, list[str]]:
    strips = {f"Channel{deck}_Stem{n}": [str(n)] for n in range(1, _MOST_STEMS + 1)}
    return strips | {f"Channel{deck}": [MASTER]}


def _by_strips(name: str, strips: Mapping[str, Sequence[str]]) -> Layout:
    """Each strip is a stem, or several, with its equalizer and its filter; or the whole mix."""
    actions: dict[tuple[str, str], tuple[str, ...]] = {}
    for strip, targets in strips.items():
        found = [_of_master() if target == MASTER else _of_stem(target) for target in targets]
        for part in {part for parts in found for part in parts}:
            actions[strip, part] = tuple(parts[part] for parts in found if part in parts)
    words = {strip: f"= {' + '.join(map(_word, targets))}" for strip, targets in strips.items()}
    return Layout(name, words, actions)


def _of_stem(stem: str) -> dict[str, str]:
    parts = {VOLUME: f"gain:{stem}", MUTE: f"mute:{stem}", PFL: f"solo:{stem}"}
    parts |= {band: f"eq-{band}:{stem}" for band in BANDS} | {
        kill: f"{kill}:{stem}" for kill in KILLS
    }
    return parts | {FILTER: f"filter:{stem}"}


def _of_master() -> dict[str, str]:
    return {VOLUME: MASTER, FILTER: "master-filter"}


def _by_knobs() -> Layout:
    """For two decks: a deck's fader and the knobs low, mid and high of its equalizer are four
    stems, their kills the mutes. The second deck goes on where the first one ends."""
    actions: dict[tuple[str, str], tuple[str, ...]] = {("Channel1", FILTER): ("master-filter",)}
    words = {}
    for deck, first in ((1, 1), (2, 5)):
        strip = f"Channel{deck}"
        actions[strip, VOLUME] = (f"gain:{first}",)
        actions[strip, MUTE] = (f"mute:{first}",)
        actions[strip, PFL] = (f"solo:{first}",)
        for stem, (band, kill) in enumerate(zip(BANDS, KILLS, strict=True), first + 1):
            actions[strip, band] = (f"gain:{stem}",)
            actions[strip, kill] = (f"mute:{stem}",)
        words[strip] = f"fader, low, mid, high = stems {first} to {first + 3}"
    return Layout(EQ, words, actions)


def _word(target: str) -> str:
    return f"stem {target}" if target.isdecimal() else target
