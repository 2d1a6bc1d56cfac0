"""Between the channels of a device and stereo: which are opened, and which are left and right."""

from __future__ import annotations

import copy

import numpy as np

from rtsep.audio.devices import Device
from rtsep.audio.hostapi import picks_channels
from rtsep.audio.routes import CUE, MIX, Route, channel_names, check_cue, check_routes
from rtsep.errors import ConfigError
from rtsep.ring.ring import Audio

USUAL_BLOCK = 8192  # longer ones are possible, and cost an allocation


class Inlet:
    """The stereo signal in what a device records. `opened` are the channels that a stream needs."""

    def __init__(self, device: Device, channels: tuple[int, ...] = ()) -> None:
        """One channel is heard on both sides. Without `channels`: the first two, or the only one.
        Raises ConfigError for channels that the device does not have."""
        self.device = device
        self.notes: tuple[str, ...] = ()
        if not channels:
            channels = tuple(range(min(2, device.inputs)))
            self.notes = _input_notes(device)
        if max(channels) >= device.inputs:
            raise ConfigError(
                f"input channels {channel_names(channels)} are out of range: "
                f"{device.label} has {device.inputs}"
            )
        self.channels = channels
        self.opened, rows = _opened(device, channels)
        self._rows = _pair(rows)

    def on(self, rows: tuple[int, ...]) -> Inlet:
        """The same stream, heard at these of its one or more open rows."""
        other = copy.copy(self)
        other._rows = _pair(rows)
        return other

    def take(self, recorded: Audio) -> Audio:
        """(opened, n) -> (2, n)"""
        return recorded[self._rows]


class Outlet:
    """Stereo buses to the channels of a device. `opened` are the channels that a stream needs."""

    def __init__(
        self, device: Device, routes: tuple[Route, ...] = (), cue: tuple[int, ...] = ()
    ) -> None:
        """Without `routes` the mix goes to the first two channels, or to the only one. A `cue` is
        the last bus. Raises ConfigError for what the device cannot serve."""
        self.device = device
        self.routes = routes or (Route(MIX, tuple(range(min(2, device.outputs)))),)
        if cue:
            check_cue(cue, device.outputs, device.label)
            self.routes += (Route(CUE, cue),)
        check_routes(self.routes, device.outputs, device.label)
        used = sorted(channel for route in self.routes for channel in route.channels)
        self.opened, rows = _opened(device, tuple(used))
        row = dict(zip(used, rows, strict=True))
        self._lay(tuple(tuple(row[channel] for channel in each.channels) for each in self.routes))

    def on(self, routes: tuple[Route, ...], rows: tuple[tuple[int, ...], ...]) -> Outlet:
        """The same stream, played at these of its open rows, some for each route."""
        other = copy.copy(self)
        other.routes = routes
        other._lay(rows)
        return other

    def _lay(self, rows: tuple[tuple[int, ...], ...]) -> None:
        self._rows = rows
        self._direct = rows == ((0, 1),) and len(self.opened) == 2
        self._buses: Audio = np.zeros((2 * len(rows), USUAL_BLOCK), np.float32)

    def buses(self, played: Audio) -> Audio:
        """What to fill, (2 * routes, n), before `deliver`, for a block (opened, n)."""
        if self._direct:
            return played
        count = played.shape[1]
        if count > self._buses.shape[1]:
            self._buses = np.zeros((len(self._buses), count), np.float32)
        return self._buses[:, :count]

    def deliver(self, buses: Audio, played: Audio) -> None:
        """Write all channels of the block; those without a route are silent."""
        if self._direct:
            return
        played[...] = 0
        for index, rows in enumerate(self._rows):
            left, right = buses[2 * index], buses[2 * index + 1]
            if len(rows) == 2:
                played[rows[0]], played[rows[1]] = left, right
            else:
                np.add(left, right, out=played[rows[0]])
                played[rows[0]] *= 0.5


def _pair(rows: tuple[int, ...]) -> slice | list[int]:
    """A pair is taken as a view, if it is one; a single row must be copied to be there twice."""
    if len(rows) == 2 and rows[1] == rows[0] + 1:
        return slice(rows[0], rows[0] + 2)
    return [rows[0], rows[-1]]


def _opened(device: Device, channels: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The channels to open, and where the wanted ones are among them."""
    if picks_channels(device):
        return channels, tuple(range(len(channels)))
    return tuple(range(max(channels) + 1)), channels


def _input_notes(device: Device) -> tuple[str, ...]:
    if device.inputs == 1:
        return (f"{device.label} is mono: it is heard on both sides",)
    if device.inputs > 2:
        return (f"{device.label} has {device.inputs} inputs: 1-2 are used",)
    return ()
