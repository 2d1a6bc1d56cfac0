"""Who plays what, in numbers."""

from __future__ import annotations

from rtsep.audio.routes import CUE as CUE_BUS
from rtsep.audio.routes import MIX as MIX_BUS
from rtsep.audio.routes import Route
from rtsep.errors import ConfigError
from rtsep.live_session.callback import CUE, MIX


def numbers(routes: tuple[Route, ...], stems: tuple[str, ...]) -> tuple[int, ...]:
    """What each route plays: a stem's number, or MIX. Without any route, the mix."""
    for route in routes:
        if route.bus != MIX_BUS and route.bus not in stems:
            raise ConfigError(
                f"route {route} names no stem; there are {', '.join(stems)} and {MIX_BUS}"
            )
    found = tuple(MIX if route.bus == MIX_BUS else stems.index(route.bus) for route in routes)
    return found or (MIX,)


def played(routes: tuple[Route, ...], stems: tuple[str, ...]) -> tuple[int, ...]:
    """As `numbers`, of all that an output plays: headphones, if there are any, are the last."""
    others = tuple(route for route in routes if route.bus != CUE_BUS)
    return numbers(others, stems) + (CUE,) * (len(routes) - len(others))
