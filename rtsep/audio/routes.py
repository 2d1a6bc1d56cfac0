"""Which of a device's channels are used for what. People count channels from 1, the code from 0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rtsep.errors import ConfigError

MIX, CUE = "mix", "cue"


@dataclass(frozen=True)
class Route:
    """A stereo bus and the one or two output channels that play it; one plays the mean of both."""

    bus: str
    channels: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.bus}={channel_names(self.channels)}"


def parse_channels(text: str) -> tuple[int, ...]:
    """ "3-4" or "3", as people write them. Raises ConfigError for anything else."""
    first, dash, second = (part.strip() for part in text.partition("-"))
    numbers = [first, second] if dash else [first]
    if not all(re.fullmatch(r"0*[1-9][0-9]{0,3}", number) for number in numbers):
        raise ConfigError(f"channels are written like 3-4 or 3, counted from 1; got {text[:80]!r}")
    channels = tuple(int(number) - 1 for number in numbers)
    if dash and channels[1] != channels[0] + 1:
        raise ConfigError(
            f"a pair is two neighbouring channels, left first, like 3-4; got {text[:80]}"
        )
    return channels


def parse_route(text: str) -> Route:
    """ "vocals=3-4" or "click=5". Raises ConfigError for anything else."""
    bus, equals, channels = (part.strip() for part in text.partition("="))
    if not bus or not equals:
        raise ConfigError(f"a route is written like vocals=3-4; got {text!r}")
    return Route(bus, parse_channels(channels))


def apart(texts: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """Routes, and the channels of the one to headphones. Raises ConfigError for several such."""
    cues = [text for text in texts if text.partition("=")[0].strip() == CUE]
    if len(cues) > 1:
        raise ConfigError(f"there is one pair of headphones, got {' and '.join(cues)[:80]}")
    others = tuple(text for text in texts if text not in cues)
    return others, cues[0].partition("=")[2] if cues else None


def cue_channels(routes: Sequence[Route]) -> tuple[int, ...]:
    """Of headphones, if there are any."""
    return next((route.channels for route in routes if route.bus == CUE), ())


def parse_cue(text: str, routes: Sequence[Route]) -> tuple[int, ...]:
    """ "3-4", for headphones; "2" where the mix has the other channel of a splitter cable.
    Raises ConfigError for anything else."""
    try:
        channels = parse_channels(text)
    except ConfigError as error:
        raise ConfigError(f"--cue {text[:80]}: {error}") from error
    if len(channels) == 1 and not any(len(each.channels) == 1 for each in routes):
        raise ConfigError(
            f"--cue takes a pair of channels, like 3-4, got {text[:80]}; for a splitter cable, "
            "mono mix and mono cue, write --route mix=1 --cue 2"
        )
    return channels


def check_cue(channels: tuple[int, ...], outputs: int, device: str) -> None:
    """Raises ConfigError for channels that a device does not have."""
    if max(channels) < outputs:
        return
    advice = "take another --output, or two of these for a splitter cable: --route mix=1 --cue 2"
    if outputs > 3:
        advice = f"there are --cue 1-2 to {outputs - 1}-{outputs}"
    elif outputs < 2:
        advice = "take another --output"
    raise ConfigError(
        f"--cue {channel_names(channels)} is out of range: {device} has {outputs} "
        f"output{'s' * (outputs != 1)}; {advice}"
    )


def check_routes(routes: Sequence[Route], outputs: int, device: str) -> None:
    """Raises ConfigError for channels that a device does not have, or that two routes claim."""
    owner: dict[int, Route] = {}
    for route in routes:
        for channel in route.channels:
            if channel >= outputs:
                raise ConfigError(f"route {route} is out of range: {device} has {outputs} outputs")
            if channel in owner:
                raise ConfigError(
                    f"routes {owner[channel]} and {route} both take output {channel + 1}; "
                    "move one of them"
                )
            owner[channel] = route


def channel_names(channels: Iterable[int]) -> str:
    """(2, 3) as "3-4"."""
    return "-".join(str(channel + 1) for channel in channels)
