"""A client of a JACK server with ports that have names: input and buses, and a pair for each stem.

Does what `rtsep.audio.duplex` does with PortAudio, which cannot name ports, nor tell the graph how
late they are. Knows nothing of what is played.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtsep.audio.channels import USUAL_BLOCK, Inlet, Outlet
from rtsep.audio.declared import server_notes
from rtsep.audio.opened import Process, Rows
from rtsep.audio.routes import MIX, Route
from rtsep.errors import ConfigError
from rtsep.ring.ring import Audio
from rtsep.sound_servers.jack_latency import GraphLatency
from rtsep.sound_servers.jack_server import open_client
from rtsep.status import LatencyPart

NAME = "rtsep"  # unless the server has another one of that name
SIDES = ("L", "R")
_FIRST_SECONDS = 2.0  # for a server's first period
_LONGEST = 100  # of a name; a server takes more, but people read it
_USUAL_MIX = (Route(MIX, (0, 1)),)


@dataclass(frozen=True)
class Xrun:
    """What sounddevice's flags say: the server lost sound of everybody."""

    input_overflow: bool = True
    input_underflow: bool = True
    output_overflow: bool = True
    output_underflow: bool = True


_XRUN = Xrun()


class JackPorts:
    """A `Duplex`. The rows to fill are those of the routes, and then a pair for each stem.

    Inputs are called `in_0` and so on, outputs `out_0`, as PortAudio does it; without an output the
    mix has a pair that nobody hears yet. Those of the stems are left for others to connect.
    """

    def __init__(self, inlet: Inlet | None, outlet: Outlet | None, stems: Sequence[str]) -> None:
        """Silent until the start. Raises ConfigError where there is no server, or it stands
        still."""
        self.routes = outlet.routes if outlet else _USUAL_MIX
        self.notes = (inlet.notes if inlet else ()) + server_notes(inlet, outlet)
        self._inlet, self._outlet = inlet, outlet
        self._client = open_client(NAME)
        self.name: str = self._client.name
        self.rate: int = self._client.samplerate
        self.at_once = self.blocksize = int(self._client.blocksize)
        self.stem_ports = [f"{name}_{side}" for name in port_names(stems) for side in SIDES]
        first, *_, last = self.stem_ports
        self.notes += (f"stems have ports of their own: {self.name}:{first} to {last}",)
        self._process: Process | None = None
        self._sources: list[tuple[int, int]] = []
        self._rows: Audio = np.zeros((0, 0), np.float32)
        self._ended = False
        self._called = threading.Event()
        self._xruns = self._told_xruns = 0
        try:
            self._make_ports()
            self._run()
        except client_errors() as error:
            self._client.close()
            raise ConfigError(f"the JACK server does not take {self.name}: {error}") from error
        if not self._called.wait(_FIRST_SECONDS):
            self._client.close()
            raise ConfigError("the JACK server stands still; start it again")

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        """From port to port a client adds nothing."""
        ends = (("device in", self._inlet), ("device out", self._outlet))
        return tuple(LatencyPart(name=name, samples=0) for name, end in ends if end)

    @property
    def opened(self) -> tuple[Rows, ...]:
        return tuple(end.opened if end else () for end in (self._inlet, self._outlet))

    @property
    def active(self) -> bool:
        return self._process is not None and not self._ended

    def start(self, process: Process) -> None:
        self._process = process

    def patched(
        self, inputs: Rows, routes: tuple[Route, ...], outputs: tuple[Rows, ...]
    ) -> Callable[[], None]:
        inlet = self._inlet.on(inputs) if self._inlet and inputs else self._inlet
        found, rows = self._sources, self._rows
        if outputs:
            on = [Route(each.bus, ports) for each, ports in zip(routes, outputs, strict=True)]
            found = sources(on, len(self._outs))
            rows = np.zeros((2 * len(routes) + len(self._stems), rows.shape[1]), np.float32)

        def change() -> None:
            self._inlet, self._sources, self._rows = inlet, found, rows

        return change

    def declare(self, delay: int) -> None:
        """How many samples after it came sound leaves. Never waits."""
        self._graph.declare(delay)

    def close(self) -> None:
        """A server that has died or hangs is left alone."""
        if self._graph.end() and not self._ended:
            self._client.deactivate()
            self._client.close()

    def _make_ports(self) -> None:
        client, inlet = self._client, self._inlet
        outputs = len(self._outlet.opened) if self._outlet else 2
        self._ins = [
            client.inports.register(f"in_{place}")
            for place in range(len(inlet.opened) if inlet else 0)
        ]
        self._outs = [client.outports.register(f"out_{place}") for place in range(outputs)]
        self._stems = [client.outports.register(name) for name in self.stem_ports]
        self._sources = sources(self.routes, outputs)
        self._graph = GraphLatency(client)
        self._rows = np.zeros((2 * len(self.routes) + len(self._stems), 0), np.float32)
        self._allocate(max(USUAL_BLOCK, self.blocksize))

    def _allocate(self, longest: int) -> None:
        self._recorded: Audio = np.zeros((len(self._ins), longest), np.float32)
        self._rows = np.zeros((len(self._rows), longest), np.float32)

    def _run(self) -> None:
        client = self._client
        client.set_process_callback(self._block)
        client.set_blocksize_callback(self._resize)
        client.set_xrun_callback(self._count_xrun)
        client.set_shutdown_callback(self._end)
        _activate(client)
        played = self._theirs(self._inlet, is_output=True)
        heard = self._theirs(self._outlet, is_input=True)
        wires = (*zip(played, self._ins, strict=False), *zip(self._outs, heard, strict=False))
        for wire in wires:
            client.connect(*wire)

    def _theirs(self, end: Inlet | Outlet | None, **kind: bool) -> list[Any]:
        """The ports of a device, in its order."""
        if end is None:
            return []
        owner = re.escape(end.device.name)
        return list(self._client.get_ports(f"^{owner}:", is_audio=True, **kind))

    # Called by the server, each in a thread of its own.

    def _end(self, status: Any, reason: str) -> None:
        self._ended = True

    def _count_xrun(self, seconds: float) -> None:
        self._xruns += 1

    def _resize(self, period: int) -> None:
        """Nothing is played meanwhile, so that there is time to allocate."""
        self.at_once = max(self.at_once, period)
        if period > self._rows.shape[1]:
            self._allocate(period)

    def _block(self, count: int) -> None:
        rows, found = self._rows[:, :count], self._sources  # the process may set others
        if self._process is None:
            rows[...] = 0
            if not self._called.is_set():
                self._called.set()
        else:
            flags = _XRUN if self._xruns != self._told_xruns else None
            self._told_xruns = self._xruns
            self._process(self._received(count), rows, count, flags)
        self._deliver(rows, found)

    def _received(self, count: int) -> Audio | None:
        if self._inlet is None:
            return None
        recorded = self._recorded[:, :count]
        for row, port in zip(recorded, self._ins, strict=True):
            row[...] = port.get_array()[:count]
        return self._inlet.take(recorded)

    def _deliver(self, rows: Audio, found: Sequence[tuple[int, int]]) -> None:
        for port, (left, right) in zip(self._outs, found, strict=True):
            heard = port.get_array()[: rows.shape[1]]
            if left < 0:
                heard[...] = 0
            elif left == right:
                heard[...] = rows[left]
            else:
                np.add(rows[left], rows[right], out=heard)
                heard *= 0.5
        for port, row in zip(self._stems, rows[-len(self._stems) :], strict=True):
            port.get_array()[: len(row)] = row


def sources(routes: Sequence[Route], outputs: int) -> list[tuple[int, int]]:
    """For each output the two rows whose mean it plays, or (-1, -1) for silence."""
    found = [(-1, -1)] * outputs
    for number, route in enumerate(routes):
        left, right = 2 * number, 2 * number + 1
        if len(route.channels) == 1:
            found[route.channels[0]] = (left, right)
        else:
            for row, channel in zip((left, right), route.channels, strict=True):
                found[channel] = (row, row)
    return found


def port_names(stems: Sequence[str]) -> list[str]:
    """Of stems, whose names come with the model, perhaps from a stranger: of letters, digits and
    what else no patchbay stumbles over, and each only once."""
    names: list[str] = []
    for stem in stems:
        name = re.sub(r"[^\w.+-]", "_", stem)[:_LONGEST]
        while name in names:
            name += "_"
        names.append(name)
    return names


def client_errors() -> type[Exception]:
    import jack

    error: type[Exception] = jack.JackError
    return error


def _activate(client: Any) -> None:
    """The server says after ten periods that there was none; on a machine that stalled it came
    later, and asking again is told."""
    try:
        client.activate()
    except client_errors():
        client.activate()
