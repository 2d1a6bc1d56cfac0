"""The transport under OSC addresses. Times are in seconds of the song."""

from __future__ import annotations

from collections.abc import Callable

from rtsep.control.osc_values import State, Values, number, switch, trigger
from rtsep.control.text import printable
from rtsep.mixer.desk import Desk

TRANSPORT_ADDRESSES: dict[str, Callable[[Desk, Values], None]] = {
    "/transport/play": lambda desk, values: desk.transport.play(switch(values)),
    "/transport/position": lambda desk, values: desk.transport.seek(number(values)),
    "/transport/seek": lambda desk, values: desk.transport.skip(number(values)),
    "/transport/loop": lambda desk, values: desk.transport.loop(switch(values)),
    "/transport/loop/in": trigger(lambda desk: desk.transport.loop_in()),
    "/transport/loop/out": trigger(lambda desk: desk.transport.loop_out()),
    "/transport/speed": lambda desk, values: desk.transport.set_speed(round(number(values), 6)),
    "/transport/next": trigger(lambda desk: desk.transport.step(1)),
    "/transport/previous": trigger(lambda desk: desk.transport.step(-1)),
}


def transport_state(desk: Desk) -> State:
    """What is heard now; nothing where a device is."""
    if not desk.has_transport:
        return {}
    status = desk.transport.status
    return {
        "/transport/play": (int(status.playing),),
        "/transport/position": (status.position,),
        "/transport/length": (status.length,),
        "/transport/loop": (int(status.looping),),
        "/transport/loop/in": (status.loop_in,),
        "/transport/loop/out": (status.loop_out,),
        "/transport/speed": (status.speed,),
        "/transport/song": (printable(status.title), status.song, status.songs),
    }
