"""All MIDI controllers of a session: found, watched and read by one thread."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rtsep.control.midi.device import Device
from rtsep.control.midi.library import GENERIC, Entry, Library
from rtsep.control.midi.ports import Backend, open_backend
from rtsep.errors import ConfigError, RtsepError
from rtsep.mixer.desk import Desk

AUTO, OFF = "auto", "off"
_ADDRESS = re.compile(r" \d+:\d+$")

OnEvent = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class MidiSpec:
    """Which controllers a session listens to."""

    port: str = AUTO  # all that a map knows; OFF: none; otherwise an input's name, or part of it
    api: str = AUTO  # one of ports.APIS
    folder: Path | None = None  # of the user's maps; None for the usual one
    map: str | None = None  # the map to use, whatever the port is called
    rescan_s: float = 1.0  # between two looks for controllers that came or went
    poll_s: float = 0.001  # between two looks for messages


class Controllers:
    """Runs until it is closed. What happens to ports becomes events: sentences, from its thread."""

    def __init__(self, desk: Desk, spec: MidiSpec, backend: Backend | None, on_event: OnEvent):
        """Without a backend it does nothing. Raises ConfigError for a port or a map that is not
        there, or not the only one."""
        self._desk, self._spec, self._backend = desk, spec, backend
        self._on_event = on_event
        self._devices: dict[str, Device] = {}
        self._complaints: dict[str, str] = {}  # the last one about each port
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if backend is None:
            return
        try:
            self._library = Library(spec.folder)
            self._map = self._library.find(spec.map) if spec.map is not None else None
            # Systems put an address behind the name, which is another when the device comes back.
            self._port = (
                AUTO if spec.port == AUTO else _ADDRESS.sub("", chosen(spec.port, backend.inputs()))
            )
            for problem in self._library.problems:
                on_event(f"MIDI map left out: {problem}")
            self._scan()
        except BaseException:
            self._dispose()
            raise
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        self._thread.start()

    @property
    def names(self) -> list[str]:
        """The input ports that are open."""
        return list(self._devices)

    def close(self) -> None:
        """End it and put the lamps out. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Controllers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        # Messages are asked for every millisecond. rtmidi could call us instead, but JACK does so
        # in its real-time thread, and a Python function there waits for this interpreter while
        # all of JACK waits for it. Asking costs a microsecond.
        scan_at = time.monotonic() + self._spec.rescan_s
        try:
            while not self._stop.is_set():
                self._pause()
                now = time.monotonic()
                for device in list(self._devices.values()):
                    self._guarded(device.port, device.poll, now)
                if now >= scan_at:
                    scan_at = now + self._spec.rescan_s
                    self._guarded("ports", self._scan)
        finally:
            self._dispose()

    def _pause(self) -> None:
        if self._devices:
            time.sleep(self._spec.poll_s)  # half the cost of waiting for the event
        else:
            self._stop.wait(self._spec.rescan_s)

    def _guarded(self, name: str, act: Callable[..., None], *arguments: object) -> None:
        """Whatever goes wrong with one port must not end the others."""
        try:
            act(*arguments)
        except Exception as error:
            self._complain(name, f"MIDI {name}: {error}")
            self._drop(name, dark=False)

    def _complain(self, name: str, text: str) -> None:
        """Say it once: what failed is tried again every second."""
        if self._complaints.get(name) != text:
            self._on_event(text)
        self._complaints[name] = text

    def _scan(self) -> None:
        """Let go of controllers that are gone and open those that came."""
        assert self._backend is not None
        present = self._backend.inputs()
        gone = {_without_count(port) for port in self._devices if port not in present}
        for port in [port for port in self._devices if _without_count(port) in gone]:
            self._on_event(f"MIDI controller gone: {port}")
            self._drop(port, dark=False)
        self._complaints = {
            port: text for port, text in self._complaints.items() if port in present
        }
        for port, entry in self._wished(present):
            if port not in self._devices:
                self._open(port, entry)

    def _wished(self, present: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        """Which ports to listen to, and the maps for them."""
        if self._port != AUTO:
            # Other ports of this name may come, but one was asked for.
            found = [] if self._devices else [port for port in present if self._port in port]
            for port in sorted(found, key=len)[:1]:
                yield port, self._map or self._library.best(port) or self._library.find(GENERIC)
            return
        for port in present:
            entry = self._library.best(port) if self._map is None else self._map
            if entry is not None and entry.map.fit(port):
                yield port, entry

    def _open(self, port: str, entry: Entry) -> None:
        assert self._backend is not None
        try:
            device = Device(self._backend, port, entry.map, self._desk, self._on_event)
        except OSError as error:
            self._complain(port, f"MIDI controller {port} cannot be opened: {error}")
            return
        self._devices[port] = device
        self._complaints.pop(port, None)
        self._on_event(f"MIDI controller: {port} (map {entry.name})")

    def _drop(self, port: str, *, dark: bool) -> None:
        device = self._devices.pop(port, None)
        if device is not None:
            try:
                device.close(dark=dark)
            except Exception as error:
                self._complain(port, f"MIDI {port}: {error}")

    def _dispose(self) -> None:
        for port in list(self._devices):
            self._drop(port, dark=True)
        if self._backend is not None:
            with contextlib.suppress(OSError):
                self._backend.close()


def open_controllers(desk: Desk, spec: MidiSpec, on_event: OnEvent) -> Controllers:
    """Listen to the controllers that are there and to those that will come.

    Raises ConfigError for a port, map or MIDI system that is not there or not the only one of its
    name. Where the machine has no MIDI system at all, `auto` says so to `on_event` and goes on
    without; whoever named a port or a system gets the RtsepError.
    """
    if spec.port == OFF:
        return Controllers(desk, spec, None, on_event)
    try:
        backend = open_backend(spec.api)
    except RtsepError as error:
        if (spec.port, spec.api) != (AUTO, AUTO):
            raise
        on_event(f"no MIDI controllers: {error}")
        return Controllers(desk, spec, None, on_event)
    return Controllers(desk, spec, backend, on_event)


def _without_count(port: str) -> str:
    """Of two devices of one name nobody knows which is gone, so both are opened anew."""
    return port.partition(" #")[0]


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
