"""Names of devices, without the numbers that systems put into them and change at every plugging in.

Knows how ALSA, JACK, a2jmidid, WinMM and Windows write them; knows nothing of devices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# What a number stands in, and what is left there.
_NUMBERS = (
    (re.compile(r" \d+:\d+$"), ""),  # ALSA's client and port: "nano:nano CTRL 20:0"
    (re.compile(r" #\d+$"), ""),  # ours, behind the second of one name
    (re.compile(r"\[\d+\]"), "[*]"),  # a2jmidid's: "a2j:nano [20] (capture)"
    (re.compile(r"hw:\d+"), "hw:*"),  # of ALSA's sound cards: "USB Audio (hw:1,0)"
    (re.compile(r"^\d+- "), ""),  # Windows counts what it has seen: "2- UM-ONE"
    (re.compile(r"\(\d+- "), "(*"),  # "Microphone (2- USB Audio)"
    (re.compile(r"-0\d:"), "*:"),  # JACK's, of the second client of a name: "nano-01:out"
)
_INDEX = re.compile(r" \d+$")  # rtmidi's, behind every port of WinMM: "nano 1"

Key = Callable[[str], str]  # two names are one where it makes the same of both


def pattern(name: str, *, indexed: bool = False) -> str:
    """What will still fit when the numbers are others; "*" stands for them. `indexed`: whether a
    number at the end is only a place in a list."""
    name = without_index(name) if indexed else name
    for number, left in _NUMBERS:
        name = number.sub(left, name)
    return name


def without_index(name: str) -> str:
    return _INDEX.sub("", name)


def steady(name: str, *, indexed: bool = False) -> str:
    """The name without the numbers: the same for the same device, and for its twins."""
    return pattern(name, indexed=indexed).replace("*", "")


def says_something(name: str) -> bool:
    """Whether more than numbers is left of a name: "hw:1,0" and "[20]" say nothing of a device."""
    return re.search(r"[^\W\d_]", steady(name).replace("hw:", "")) is not None


def fitting(name: str, names: Sequence[str], steady: Key = steady) -> list[int]:
    """Places of the names that a person may mean: of just this name, else with it as a part, else
    the same once numbers are left out. Case does not matter."""
    for known in (str, steady):
        wanted = known(name).casefold()
        if not wanted or (known is steady and not says_something(wanted)):
            continue
        shown = [known(one).casefold() for one in names]
        exact = [place for place, one in enumerate(shown) if one == wanted]
        found = exact or [place for place, one in enumerate(shown) if wanted in one]
        if found:
            return found
    return []


def found_again(
    twins: Sequence[str], place: int, present: Sequence[str], keys: Sequence[Key] = (str, steady)
) -> int | None:
    """Where among the present names a device is that was known; None if it is gone.

    `twins` are the names that the last key made one when it was known, its own at `place` among
    them. Whom an earlier key makes the same is the same; the others keep their order.
    """
    *near, steady = keys
    free = [at for at, name in enumerate(present) if steady(name) == steady(twins[place])]
    lost = list(range(len(twins)))
    for key in near:
        for twin in list(lost):
            at = next((at for at in free if key(present[at]) == key(twins[twin])), None)
            if at is None:
                continue
            if twin == place:
                return at
            free.remove(at)
            lost.remove(twin)
    rank = lost.index(place)
    return free[rank] if rank < len(free) else None
