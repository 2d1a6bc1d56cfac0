"""Where the sound of a session comes from and goes to, as something that a person changes while it
plays: in words, for everything that shows a list or takes a name. Knows nothing of devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from rtsep.errors import ConfigError

LONGEST = 200  # letters of a name that somebody sends
MOST_ROUTES = 32


@dataclass(frozen=True, kw_only=True)
class Swap:
    """What shall be another one; None leaves it as it is. Everything is written as on the command
    line. Empty channels are the first two, and without any route these play the mix."""

    input: str | None = None
    input_channels: str | None = None
    output: str | None = None
    routes: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Playing:
    """What is heard and played to now; empty where a file is played, or nothing heard."""

    input: str
    input_channels: str
    output: str
    routes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class End:
    """A device as input or as output, by a name that means no other one."""

    name: str
    channels: int


@dataclass(frozen=True, kw_only=True)
class Choices:
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]


class SessionEnds(Protocol):
    """A session's. Any thread may ask."""

    @property
    def now(self) -> Playing: ...

    def choices(self) -> Choices:
        """What there is at this moment. Takes a while. Raises RtsepError where nobody answers."""

    def swap(self, swap: Swap) -> None:
        """Begin with it. What comes of it is told as an event of the session. Raises ConfigError
        for what cannot even be begun."""


def pairs(channels: int) -> list[str]:
    """Of a device with so many, as people write them: "1-2", "3-4", and a last one alone."""
    return [f"{n}-{n + 1}" if n < channels else f"{n}" for n in range(1, channels + 1, 2)]


def stays(output: End, now: Playing) -> bool:
    """Whether routes of several buses may stay as they are on that output. Of the mix and
    headphones alone, only where it has their channels."""
    stems = [route for route in now.routes if _bus(route) not in ("mix", "cue")]
    fit = all(max(_channels(route)) <= output.channels for route in now.routes)
    return len(now.routes) > 1 and (bool(stems) or fit)


def output_swap(output: End, channels: str, now: Playing) -> Swap:
    """To the first two channels of another output, or to these. Routes of several buses stay as
    they are where nobody says otherwise; headphones do where these channels leave them theirs."""
    if channels:
        routes = (f"mix={channels}", *_headphones(output, channels, now))
        return Swap(output=output.name, routes=routes)
    return Swap(output=output.name, routes=None if stays(output, now) else ())


def _headphones(output: End, channels: str, now: Playing) -> tuple[str, ...]:
    mix = f"mix={channels}"
    return tuple(
        route
        for route in now.routes
        if _bus(route) == "cue"
        and len(_channels(route)) > 1
        and max(_channels(route)) <= output.channels
        and not _channels(route) & _channels(mix)
    )


def _bus(route: str) -> str:
    return route.partition("=")[0]


def _channels(route: str) -> set[int]:
    return {int(number) for number in route.partition("=")[2].split("-")}


def heard_as(name: str, channels: str) -> str:
    """For a person."""
    return f"{name}, {channels}" if channels else name


def read_swap(parts: Any) -> Swap:
    """What somebody sends, an object with the names of a swap. Raises ConfigError."""
    names = [field.name for field in fields(Swap)]
    if not isinstance(parts, Mapping) or not parts or not set(parts) <= set(names):
        raise ConfigError(f"a swap is an object with some of {', '.join(names)}, got {parts!r:.60}")
    for name, value in parts.items():
        routes = isinstance(value, list) and len(value) <= MOST_ROUTES
        words = (value if routes else []) if name == "routes" else [value]
        if (name == "routes" and not routes) or not all(map(_is_word, words)):
            raise ConfigError(f"{name} of a swap cannot be {value!r:.60}")
    written: dict[str, Any] = dict(parts)
    if "routes" in written:
        written["routes"] = tuple(written["routes"])
    return Swap(**written)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST
