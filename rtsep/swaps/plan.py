"""Whether a swap can be done without reopening anything, and how.

Channels of a device that are open already only have to be taken from other rows. On a JACK server
any ports can be connected to those that are there, whoever they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rtsep.audio.declared import beyond
from rtsep.audio.devices import JACK, Device
from rtsep.audio.opened import Rows
from rtsep.audio.routes import cue_channels
from rtsep.control.ends import Swap
from rtsep.live_session.device_facts import played
from rtsep.live_session.messages import DeviceReady, Fade, Patch
from rtsep.sound_servers.rewiring import Rewire, Side
from rtsep.swaps.finding import Sides

_NOBODY = -1  # in the place of a channel: the row is open, and nothing is connected to it


@dataclass(frozen=True, kw_only=True)
class InPlace:
    """In this order: come to silence, connect, use other rows, and be that device."""

    fade: Fade
    rewire: Rewire | None
    patch: Patch
    ready: DeviceReady


@dataclass(frozen=True)
class _Direction:
    """A row for each channel that is wanted; which channels the rows are then; who is connected to
    them."""

    rows: Rows
    opened: Rows
    side: Side | None


def on_jack(label: str) -> bool:
    return label.startswith(f"{JACK}: ")


def in_place(now: DeviceReady, swap: Swap, sides: Sides, stems: tuple[str, ...]) -> InPlace | None:
    """None where something must be opened. Raises ConfigError for a route that names no stem."""
    plays = played(sides.routes, stems)
    wanted = tuple(channel for route in sides.routes for channel in route.channels)
    ins = outs = None
    if swap.input is not None or swap.input_channels is not None:
        ins = _direction(now.input, now.open_inputs, sides.input, sides.input_channels)
        if ins is None:
            return None
    if swap.output is not None or swap.routes is not None:
        outs = _direction(now.output, now.open_outputs, sides.output, wanted)
        if outs is None:
            return None
    rows = iter(outs.rows if outs else ())
    sides_of_jack = [each.side if each else None for each in (ins, outs)]
    return InPlace(
        fade=Fade(hears=ins is None, plays=outs is None),
        rewire=Rewire(input=sides_of_jack[0], output=sides_of_jack[1])
        if any(sides_of_jack)
        else None,
        patch=Patch(
            inputs=ins.rows if ins else (),
            routes=sides.routes,
            outputs=tuple(tuple(islice(rows, len(route.channels))) for route in sides.routes)
            if outs
            else (),
            plays=plays if outs else (),
        ),
        ready=replace(
            now,
            notes=(),
            beyond=beyond(sides.input, sides.output, now.rate),
            **_heard(sides, ins),
            **_played(sides, outs),
        ),
    )


def _direction(label: str, opened: Rows, device: Device | None, wanted: Rows) -> _Direction | None:
    if device is None:
        return None
    if on_jack(label) and device.host_api == JACK and len(wanted) <= len(opened):
        left = len(opened) - len(wanted)
        side = Side(device.name, wanted)
        return _Direction(tuple(range(len(wanted))), wanted + (_NOBODY,) * left, side)
    if device.label == label and not on_jack(label) and set(wanted) <= set(opened):
        return _Direction(tuple(map(opened.index, wanted)), opened, None)
    return None


def _heard(sides: Sides, ins: _Direction | None) -> dict[str, Any]:
    if ins is None or sides.input is None:
        return {}
    return {
        "input": sides.input.label,
        "input_channels": sides.input_channels,
        "open_inputs": ins.opened,
    }


def _played(sides: Sides, outs: _Direction | None) -> dict[str, Any]:
    if outs is None or sides.output is None:
        return {}
    return {
        "output": sides.output.label,
        "output_channels": sides.routes[0].channels,
        "cue_channels": cue_channels(sides.routes),
        "routes": sides.routes,
        "open_outputs": outs.opened,
    }
