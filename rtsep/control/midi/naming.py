"""What is the same of a MIDI port's name after its device was plugged in again."""

from __future__ import annotations

import re
from functools import partial

from rtsep import names
from rtsep.names import Key

WINMM = "winmm"
LONGEST = 80  # letters of a name in a map
_BRIDGES = ("a2j", "alsa_midi", "alsa_pcm", "Midi-Bridge", "system")  # whose name says nothing


def keys(api: str, name: str) -> tuple[Key, ...]:
    """For `names.found_again`. Where the system is not known, a name tells: only the ports of WinMM
    have a number at their end and no client before a colon."""
    if indexed(api, name):
        return str, names.without_index, partial(names.steady, indexed=True)
    return str, names.steady


def indexed(api: str, name: str) -> bool:
    return api == WINMM or (not api and ":" not in name)


def pattern(port: str, api: str = "") -> str:
    """What a map says of a port, so that it fits again."""
    found = names.pattern(port, indexed=indexed(api, port))
    part = "".join(letter if letter.isprintable() else "?" for letter in found)[:LONGEST]
    return part if part.strip("* ") else "*"


def device(port: str, api: str = "") -> str:
    """What a port's device is called, without what a bridge says beside it."""
    owner, _, rest = pattern(port, api).partition(":")
    if owner not in _BRIDGES:
        return owner
    return re.split(r":| \[\*\]| \((?:capture|playback)\)", rest)[0].strip() or owner
