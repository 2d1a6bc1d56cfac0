"""What follows from devices and routes: server's latency, what blocks cost, who plays what."""

from __future__ import annotations

from rtsep.audio.devices import JACK, Device
from rtsep.audio.opened import Duplex
from rtsep.audio.routes import MIX as MIX_BUS
from rtsep.audio.routes import Route
from rtsep.errors import ConfigError
from rtsep.live_session.callback import MIX
from rtsep.status import LatencyPart


def server_parts(input: Device | None, output: Device | None, rate: int) -> tuple[LatencyPart, ...]:
    """What PortAudio leaves out of a stream's latency on JACK."""
    ends = [(input, 0, "JACK in"), (output, 1, "JACK out")]
    return tuple(
        LatencyPart(name=name, samples=round(end.low_latency[direction] * rate))
        for end, direction, name in ends
        if end and end.host_api == JACK
    )


def late_for(wanted: int, duplex: Duplex, rate: int) -> tuple[str, ...]:
    """What blocks cost that are longer than `wanted`, and how to have those."""
    if not 0 < wanted < duplex.blocksize:
        return ()
    return (
        f"the JACK server's period is {duplex.blocksize} samples, not {wanted}, which costs "
        f"{1000 * (duplex.blocksize - wanted) / rate:.0f} ms here and as much again in the server: "
        f"start it with -p {wanted} (PipeWire: PIPEWIRE_QUANTUM={wanted}/{rate})",
    )


def numbers(routes: tuple[Route, ...], stems: tuple[str, ...]) -> tuple[int, ...]:
    """What each route plays: a stem's number, or MIX. Without any route, the mix."""
    for route in routes:
        if route.bus != MIX_BUS and route.bus not in stems:
            raise ConfigError(
                f"route {route} names no stem; there are {', '.join(stems)} and {MIX_BUS}"
            )
    numbers = tuple(MIX if route.bus == MIX_BUS else stems.index(route.bus) for route in routes)
    return numbers or (MIX,)
