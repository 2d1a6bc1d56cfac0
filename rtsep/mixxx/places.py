"""What Mixxx's groups and keys are on a mixer: the strip of a deck or a stem, and a part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

VOLUME, MUTE, PFL, FILTER, PAD, RECORD = "volume", "mute", "pfl", "filter", "pad", "record"
LOW, MID, HIGH = BANDS = ("low", "mid", "high")
KILL_LOW, KILL_MID, KILL_HIGH = KILLS = ("kill-low", "kill-mid", "kill-high")

_STRIP = r"(Channel\d{1,2}(?:_Stem\d)?|Sampler\d{1,2}|PreviewDeck\d|Auxiliary\d|Microphone\d?)"
STRIP = re.compile(_STRIP)
# A group, and what its keys are. Those with "filter" are the equalizer's older names.
_PARTS = (
    (
        re.compile(rf"\[{_STRIP}\]"),
        {
            "volume": VOLUME,
            "mute": MUTE,
            "pfl": PFL,
            "filterLow": LOW,
            "filterMid": MID,
            "filterHigh": HIGH,
            "filterLowKill": KILL_LOW,
            "filterMidKill": KILL_MID,
            "filterHighKill": KILL_HIGH,
        },
    ),
    (
        re.compile(rf"\[EqualizerRack1_\[{_STRIP}\]_Effect1\]"),
        {f"parameter{number}": band for number, band in enumerate(BANDS, 1)}
        | {f"button_parameter{number}": kill for number, kill in enumerate(KILLS, 1)},
    ),
    (re.compile(rf"\[QuickEffectRack1_\[{_STRIP}\]\]"), {"super1": FILTER}),
    (re.compile(r"\[(?:Master|Main)\]()"), {"gain": VOLUME, "volume": VOLUME}),
    (re.compile(r"\[Recording\]()"), {"toggle_recording": RECORD}),
)
_PAD = re.compile(r"hotcue_(\d{1,2})_activate")
_DECK = re.compile(r"\[(Channel\d{1,2})\]")
_REST = "_set_default"


@dataclass(frozen=True)
class Place:
    """Where on a mixer something is."""

    strip: str  # "Channel1", "Channel1_Stem2", "Sampler3", ...; "" for what there is one of
    part: str
    pad: int = 0  # which one, from 1
    rests: bool = False  # whether this is a button that puts it where it does nothing


def place_of(group: str, key: str) -> Place | None:
    """None for what no mixer has: decks that play, libraries, effects."""
    rests = key.endswith(_REST)
    for pattern, parts in _PARTS:
        found = pattern.fullmatch(group)
        part = parts.get(key.removesuffix(_REST))
        if found and part is not None:
            return Place(found[1], part, rests=rests)
    deck, pad = _DECK.fullmatch(group), _PAD.fullmatch(key)
    return Place(deck[1], PAD, pad=int(pad[1])) if deck and pad else None
