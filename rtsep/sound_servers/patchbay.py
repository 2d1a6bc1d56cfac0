"""What is connected to a client of a JACK server: connected again when it vanishes and returns.

Knows nothing of devices, nor of whose client it looks after.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from rtsep.closing import Closing
from rtsep.errors import ConfigError
from rtsep.sound_servers.jack_server import open_client
from rtsep.sound_servers.rewiring import Rewire, Rewired, Wire, is_at, rewire

_NAME = "rtsep-patchbay"


@dataclass(frozen=True)
class Wires:
    """What is, or shall be, connected to a client."""

    client: str = ""
    wires: frozenset[Wire] = frozenset()

    def of(self, client: str) -> set[Wire]:
        """The same of another client, which takes its place."""
        return {
            (self._renamed(source, client), self._renamed(target, client))
            for source, target in self.wires
        }

    def without(self, *, input: bool, output: bool) -> Wires:
        """The same where another device is heard, or played to: whatever was connected there goes
        with the device before."""
        here = {"input": input, "output": output}
        left = (wire for wire in self.wires if not is_at(wire, self.client, **here))
        return replace(self, wires=frozenset(left))

    def _renamed(self, port: str, client: str) -> str:
        owner, _, name = port.partition(":")
        return f"{client}:{name}" if owner == self.client else port


class Patchbay(Closing):
    """Looks after the connections of `ours`, whoever made them. To be asked to `look` often.

    Only what vanished is connected again. A wire that is taken away while both its ends are there
    was taken away by somebody. It is a client of its own that is never activated: it has no part
    in the sound, and the server never waits for it.
    """

    def __init__(self, ours: str, before: Wires | None = None) -> None:
        """What was connected to a client `before` this one is connected again, without a word.
        Raises ConfigError where there is no JACK server, or nothing to reach it with."""
        self._client = open_client(_NAME)
        import jack

        self._error: type[Exception] = jack.JackError
        self._ours = ours
        self._wires: dict[Wire, str | None] = {}  # as last seen, each with its client's instance
        self._lost = (before or Wires()).of(ours) - self._connected().keys()
        self._lost -= {wire for wire in self._lost if self._connect(wire)}

    @property
    def wires(self) -> Wires:
        """As last seen, and what is to be connected again."""
        return Wires(self._ours, frozenset(self._wires.keys() | self._lost))

    def look(self) -> list[str]:
        """Connect what has returned since the last look. Returns sentences for a person."""
        now = self._connected()
        cut = self._wires.keys() - now.keys()
        gone = {wire for wire in cut if self._vanished(wire)}
        if self._instance(self._ours) is None:  # when a server dies everything vanishes
            return []
        told = [
            f"{client} is gone; it is connected again when it is back"
            for client in sorted(self._clients(gone) - self._clients(self._lost))
        ]
        self._lost |= gone
        back = {wire for wire in self._lost if wire in now or self._connect(wire)}
        self._lost -= back
        self._wires = self._connected() if back else now
        return [*told, *(f"{client} is back" for client in sorted(self._clients(back)))]

    def rewire(self, order: Rewire) -> Rewired:
        """Other clients at `ours`. What was lost at these ports is not connected again."""
        try:
            gone = rewire(self._client, self._ours, order)
        except (ConfigError, self._error) as error:
            return Rewired(str(error))
        here = {"input": order.input is not None, "output": order.output is not None}
        self._lost = {wire for wire in self._lost if not is_at(wire, self._ours, **here)}
        self._wires = {wire: who for wire, who in self._wires.items() if wire not in gone}
        return Rewired()

    def close(self) -> None:
        self._client.close()

    def _connected(self) -> dict[Wire, str | None]:
        wires: dict[Wire, str | None] = {}
        for port in self._client.get_ports(f"^{self._ours}:"):
            with suppress(self._error):  # it has just vanished
                for other in self._client.get_all_connections(port):
                    ends = (port.name, other.name)
                    wire: Wire = ends if port.is_output else (ends[1], ends[0])
                    wires[wire] = self._instance(_client(other.name))
        return wires

    def _vanished(self, wire: Wire) -> bool:
        """Whether what was at the other end is not there, or another client of the same name."""
        port = self._theirs(wire)
        return not self._exists(port) or self._instance(_client(port)) != self._wires[wire]

    def _connect(self, wire: Wire) -> bool:
        if not self._exists(self._theirs(wire)):
            return False
        with suppress(self._error):
            self._client.connect(*wire)
            return True
        return False

    def _theirs(self, wire: Wire) -> str:
        return wire[_client(wire[0]) == self._ours]

    def _clients(self, wires: Iterable[Wire]) -> set[str]:
        return {_client(self._theirs(wire)) for wire in wires}

    def _exists(self, port: str) -> bool:
        try:
            self._client.get_port_by_name(port)
        except self._error:
            return False
        return True

    def _instance(self, client: str) -> str | None:
        """A server gives each client a number that no other one has had; None without a client."""
        try:
            return str(self._client.get_uuid_for_client_name(client))
        except self._error:
            return None


def _client(port: str) -> str:
    return port.partition(":")[0]
