"""What devices say of their own latency, and what of it is believed."""

from __future__ import annotations

from typing import Any

from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.devices import JACK, Device
from rtsep.status import LatencyPart


def declared(name: str, stream: Any, end: Inlet | Outlet, rate: int = 0) -> LatencyPart:
    """What PortAudio says, in samples of `rate`, or else of the stream. But for JACK its versions
    disagree, and go below zero: there it is what PortAudio itself adds to blocks of the server's
    period, which is nothing."""
    if end.device.host_api == JACK:
        return LatencyPart(name=name, samples=0)
    both = stream.latency
    seconds = both if isinstance(both, float) else both[isinstance(end, Outlet)]
    return LatencyPart(name=name, samples=round(seconds * (rate or stream.samplerate)))


def server_notes(inlet: Inlet | None, outlet: Outlet | None) -> tuple[str, ...]:
    """What JACK says of the way between its ports and the world, which no client adds."""
    ends = [(inlet, 0, "in"), (outlet, 1, "out")]
    late = [
        f"{1000 * end.device.low_latency[direction]:.1f} ms {word}"
        for end, direction, word in ends
        if end and end.device.host_api == JACK and end.device.low_latency[direction]
    ]
    if not late:
        return ()
    return (f"the JACK server's own latency comes on top: {', '.join(late)}",)


def beyond(input: Device | None, output: Device | None, rate: int) -> tuple[LatencyPart, ...]:
    """The same in samples: what PortAudio leaves out of a stream's latency on JACK."""
    ends = [(input, 0, "JACK in"), (output, 1, "JACK out")]
    return tuple(
        LatencyPart(name=name, samples=round(end.low_latency[direction] * rate))
        for end, direction, name in ends
        if end and end.host_api == JACK
    )


def late_for(wanted: int, period: int, rate: int) -> tuple[str, ...]:
    """What a JACK server's period costs that is longer than `wanted`, and how to have that."""
    if not 0 < wanted < period:
        return ()
    return (
        f"the JACK server's period is {period} samples, not {wanted}, which costs "
        f"{1000 * (period - wanted) / rate:.0f} ms here and as much again in the server: "
        f"start it with -p {wanted} (PipeWire: PIPEWIRE_QUANTUM={wanted}/{rate})",
    )
