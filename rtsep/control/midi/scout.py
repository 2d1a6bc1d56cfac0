"""Which of the ports that are there a session wants, and with which map."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtsep.control.midi.library import GENERIC, Entry, Library
from rtsep.control.midi.naming import keys
from rtsep.errors import ConfigError
from rtsep.names import fitting, found_again

AUTO, OFF = "auto", "off"


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

    def __init__(self, spec: MidiSpec, present: Sequence[str], api: str = "") -> None:
        """`api` is the MIDI system that the names are from, if that is known. Raises ConfigError
        for a port or a map that is not there, or not the only one."""
        self.library = Library(spec.folder)
        self._map = None if spec.map is None else self.library.find(spec.map)
        self._auto = spec.port == AUTO
        self._api = api
        self._twins: list[str] = []  # ports that differ from ours by numbers only, and ours
        self._place = 0  # of ours among them
        if not self._auto:
            self._remember(chosen(spec.port, present, api), present)

    def wanted(self, present: Sequence[str], taken: Collection[str]) -> Iterator[tuple[str, Entry]]:
        """Ports to open now, beside those that are `taken`, and the maps for them."""
        if self._auto:
            for port in present:
                entry = self.library.best(port) if self._map is None else self._map
                if port not in taken and entry is not None and entry.map.fit(port):
                    yield port, entry
        elif taken:
            for port in taken:
                self._remember(port, present)
        else:
            ours = self._twins[self._place]
            at = found_again(self._twins, self._place, present, keys(self._api, ours))
            if at is not None:
                port = present[at]
                yield port, self._map or self.library.best(port) or self.library.find(GENERIC)

    def refused(self, present: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        """Ports that a map seems to fit and says that it does not, where nobody named any."""
        if self._auto and self._map is None:
            for port in present:
                entry = self.library.refusing(port)
                if entry is not None:
                    yield port, entry

    def _remember(self, port: str, present: Sequence[str]) -> None:
        """Which one is ours, of those that nothing but numbers tells apart."""
        if port not in present:
            return
        *_, steady = keys(self._api, port)
        self._twins = [name for name in present if steady(name) == steady(port)]
        self._place = self._twins.index(port)


def chosen(name: str, ports: Sequence[str], api: str = "") -> str:
    """The port of a name, or the only one whose name has that part, in any case; numbers in it may
    be others by now. Raises ConfigError, with the candidates, for none or several."""
    *_, steady = keys(api, name)
    found = [ports[place] for place in fitting(name, ports, steady)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"several MIDI inputs have {name!r} in their name: {', '.join(found)}")
    there = f"there are: {', '.join(ports)}" if ports else "there is none"
    raise ConfigError(f"no MIDI input {name!r}; {there}; see rtsep midi list")
