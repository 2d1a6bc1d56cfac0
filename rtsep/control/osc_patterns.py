"""Address patterns of OSC 1.0: which of the addresses there are a received one means.

python-osc's dispatcher makes regular expressions of them, in which a row of stars takes for ever.
Here a pattern is walked once, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rtsep.errors import ConfigError

_RANGE = re.compile(r"(.)-(.)|(.)", re.DOTALL)
_SPECIAL = frozenset("*?[]{}")
_LONGEST_SHOWN = 60

# Where one can be in a name, a bit for each place; a step goes from there to where one can be next.
_Places = int
_Step = Callable[[str, _Places], _Places]


def is_pattern(address: str) -> bool:
    """Whether an address has letters that only patterns may have."""
    return not _SPECIAL.isdisjoint(address)


def matching(pattern: str, addresses: Iterable[str]) -> list[str]:
    """Those of the addresses that a pattern means. No wildcard crosses a slash.

    Raises ConfigError for brackets that are never closed.
    """
    parts = [list(_steps(part)) for part in pattern.split("/")]
    return [address for address in addresses if _fits(parts, address.split("/"))]


def _fits(parts: list[list[_Step]], names: list[str]) -> bool:
    return len(parts) == len(names) and all(map(_covers, parts, names))


def _covers(steps: list[_Step], name: str) -> bool:
    """Whether the steps lead from the beginning of a name to its end."""
    places = 1
    for step in steps:
        places = step(name, places) & ((2 << len(name)) - 1)
        if not places:
            return False
    return bool(places >> len(name) & 1)


def _steps(part: str) -> Iterator[_Step]:
    at = 0
    while at < len(part):
        letter = part[at]
        inside, at = _inside(part, at) if letter in "[{" else ("", at + 1)
        if letter == "*":
            yield lambda name, places: -(places & -places)  # anywhere from the first place on
        elif letter == "?":
            yield lambda name, places: places << 1
        elif letter == "[":
            yield _one_of(inside)
        else:
            yield _any_of(inside.split(",") if letter == "{" else [letter])


def _inside(part: str, at: int) -> tuple[str, int]:
    """What stands in the brackets that open there, and where it goes on behind them."""
    end = part.find("]" if part[at] == "[" else "}", at)
    if end < 0:
        raise ConfigError(f"{part[at]!r} is never closed in {part[:_LONGEST_SHOWN]!r}")
    return part[at + 1 : end], end + 1


def _one_of(letters: str) -> _Step:
    """One letter of a list with ranges like a-z; with "!" before it, one that is not in there."""
    wanted = not letters.startswith("!")
    ranges = [
        (first or single, last or single)
        for first, last, single in _RANGE.findall(letters if wanted else letters[1:])
    ]

    def step(name: str, places: _Places) -> _Places:
        found = 0
        for place, letter in enumerate(name):
            if any(first <= letter <= last for first, last in ranges) is wanted:
                found |= 1 << place
        return (places & found) << 1

    return step


def _any_of(words: list[str]) -> _Step:
    def step(name: str, places: _Places) -> _Places:
        found = 0
        for word in words:
            at = name.find(word)
            while at >= 0:
                found |= (places >> at & 1) << (at + len(word))
                at = name.find(word, at + 1)
        return found

    return step
