"""Which of the ports that are there a session wants, and with which map."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtsep.control.midi.library import GENERIC, Entry, Library
from rtsep.errors import ConfigError

AUTO, OFF = "auto", "off"
_ADDRESS = re.compile(r" \d+:\d+$")


@dataclass(frozen=True, kw_only=True)
class MidiSpec:
    """Which controllers a session listens to."""

    port: str = AUTO  # all that a map knows; OFF: none; otherwise an input's name, or part of it
    api: str = AUTO  # one of ports.APIS
    folder: Path | None = None  # of the user's maps; None for the usual one
    map: str | None = None  # the map to use, whatever the port is called
    rescan_s: float = 1.0  # between two looks for controllers that came or went
    poll_s: float = 0.001  # between two looks for messages


class Scout:
    """Knows names and maps; opens nothing."""

    def __init__(self, spec: MidiSpec, present: Sequence[str]) -> None:
        """Raises ConfigError for a port or a map that is not there, or not the only one."""
        self.library = Library(spec.folder)
        self._map = None if spec.map is None else self.library.find(spec.map)
        # Systems put an address behind the name, which is another when the device comes back.
        name = spec.port if spec.port == AUTO else chosen(spec.port, present)
        self._port = _ADDRESS.sub("", name)

    def wanted(self, present: Sequence[str], taken: Collection[str]) -> Iterator[tuple[str, Entry]]:
        """Ports to open now, beside those that are `taken`, and the maps for them."""
        if self._port == AUTO:
            for port in present:
                entry = self.library.best(port) if self._map is None else self._map
                if port not in taken and entry is not None and entry.map.fit(port):
                    yield port, entry
        elif not taken:
            # Another port may have this in its name too, but one was asked for.
            found = sorted((port for port in present if self._port in port), key=len)
            for port in found[:1]:
                yield port, self._map or self.library.best(port) or self.library.find(GENERIC)


def chosen(name: str, ports: Sequence[str]) -> str:
    """The port of a name, or the only one whose name has that part, in any case. Raises
    ConfigError, with the candidates, for none or several."""
    found = [port for port in ports if port.lower() == name.lower()] or [
        port for port in ports if name.lower() in port.lower()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"several MIDI inputs have {name!r} in their name: {', '.join(found)}")
    there = f"there are: {', '.join(ports)}" if ports else "there is none"
    raise ConfigError(f"no MIDI input {name!r}; {there}; see rtsep midi list")
