"""What OSC addresses do to the ends of a session, its input and its output, and what they say."""

from __future__ import annotations

from rtsep.control.ends import SessionEnds, Swap, read_swap
from rtsep.control.osc_packets import Message, Value
from rtsep.errors import ConfigError

INPUT, OUTPUT, ROUTES = "/input", "/output", "/routes"
SWAPS = {INPUT, OUTPUT, ROUTES}


def obey_swap(ends: SessionEnds | None, message: Message) -> None:
    """Begin with another input, of which channels may be given, another output with its routes, or
    other routes. Raises ConfigError."""
    if ends is None:
        raise ConfigError(f"{message.address}: the devices of this session cannot be changed")
    ends.swap(_swap(message.address, message.values))


def ends_state(ends: SessionEnds | None) -> dict[str, tuple[Value, ...]]:
    """As they are told, and would be set."""
    if ends is None:
        return {}
    now = ends.now
    return {
        INPUT: (now.input, now.input_channels),
        OUTPUT: (now.output,),
        ROUTES: now.routes,
    }


def _swap(address: str, values: tuple[Value, ...]) -> Swap:
    if address == ROUTES:
        return read_swap({"routes": list(values)})
    if not values or (address == INPUT and len(values) > 2):
        raise ConfigError(f"{address} takes the name of a device, got {values!r:.60}")
    if address == INPUT:
        return read_swap(dict(zip(("input", "input_channels"), values, strict=False)))
    routes = {"routes": list(values[1:])} if values[1:] else {}
    return read_swap({"output": values[0], **routes})
