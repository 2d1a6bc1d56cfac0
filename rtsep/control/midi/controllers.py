"""All MIDI controllers of a session: found, watched and read by one thread."""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from rtsep.closing import Closing
from rtsep.control.midi.device import Device
from rtsep.control.midi.library import Entry
from rtsep.control.midi.ports import Backend, open_backend
from rtsep.control.midi.scout import AUTO, OFF, MidiSpec, Scout
from rtsep.errors import RtsepError
from rtsep.mixer.desk import Desk
from rtsep.names import steady

OnEvent = Callable[[str], None]


class Controllers(Closing):
    """Runs until it is closed. What happens to ports becomes events: sentences, from its thread.

    All of rtmidi is used by that one thread: some systems tell news about devices only to the
    thread that asked them first.
    """

    def __init__(self, desk: Desk, spec: MidiSpec, on_event: OnEvent) -> None:
        """Raises what `open_controllers` does."""
        self._desk, self._spec, self._on_event = desk, spec, on_event
        self._devices: dict[str, Device] = {}
        self._maps: dict[str, str] = {}  # the names of those in use, by port
        self._strangers: set[tuple[str, str]] = set()  # who was told about: steady name, map
        self._complaints: dict[str, str] = {}  # the last one about each port
        self._stop = threading.Event()
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        if spec.port != OFF:
            self._thread.start()
            self._wait_for_start()

    @property
    def names(self) -> list[str]:
        """The input ports that are open."""
        return list(self._devices)

    def close(self) -> None:
        """End it and put the lamps out. May be called twice."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _wait_for_start(self) -> None:
        try:
            self._started.result()
        except BaseException:
            self.close()
            raise

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            try:
                backend = self._backend()
                if backend is None:
                    self._started.set_result(None)
                    return
                stack.callback(self._end, backend)
                scout = Scout(self._spec, backend.inputs(), backend.api)
            except BaseException as error:
                self._started.set_exception(error)
                return
            for problem in scout.library.problems:
                self._on_event(f"MIDI map left out: {problem}")
            self._guarded("ports", self._scan, backend, scout)
            self._started.set_result(None)
            self._listen(backend, scout)

    def _backend(self) -> Backend | None:
        """The MIDI system; None where there is none and nobody insists."""
        try:
            return open_backend(self._spec.api)
        except RtsepError as error:
            if (self._spec.port, self._spec.api) != (AUTO, AUTO):
                raise
            self._on_event(f"no MIDI controllers: {error}")
            return None

    def _listen(self, backend: Backend, scout: Scout) -> None:
        # Messages are asked for every millisecond. rtmidi could call us instead, but JACK does so
        # in its real-time thread, and a Python function there waits for this interpreter while
        # all of JACK waits for it. Asking costs some microseconds.
        scan_at = time.monotonic() + self._spec.rescan_s
        while not self._stop.is_set():
            self._pause()
            now = time.monotonic()
            for device in list(self._devices.values()):
                self._guarded(device.port, device.poll, now)
                if device.strange:
                    self._tell_of_stranger(device.port)
            if now >= scan_at:
                scan_at = now + self._spec.rescan_s
                self._guarded("ports", self._scan, backend, scout)

    def _end(self, backend: Backend) -> None:
        for port in list(self._devices):
            self._drop(port, dark=True)
        with contextlib.suppress(OSError):
            backend.close()

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

    def _scan(self, backend: Backend, scout: Scout) -> None:
        """Let go of controllers that are gone and open those that came."""
        present = backend.inputs()
        gone = {_without_count(port) for port in self._devices if port not in present}
        for port in [port for port in self._devices if _without_count(port) in gone]:
            self._on_event(f"MIDI controller gone: {port}")
            self._drop(port, dark=False)
        for port in set(self._complaints) - set(present):
            del self._complaints[port]
        for port, entry in scout.wanted(present, self._devices):
            self._open(backend, port, entry)
        for port, entry in scout.refused(present):
            told = f"MIDI controller {port} has no map, and {entry.name} is not for it; {{}}"
            self._complain(port, told.format(_remedy(port)))

    def _open(self, backend: Backend, port: str, entry: Entry) -> None:
        try:
            device = Device(backend, port, entry.map, self._desk, self._on_event)
        except Exception as error:
            self._complain(port, f"MIDI controller {port} cannot be opened: {error}")
            return
        self._devices[port] = device
        self._maps[port] = entry.name
        self._complaints.pop(port, None)
        self._on_event(f"MIDI controller: {port} (map {entry.name})")

    def _tell_of_stranger(self, port: str) -> None:
        """Once for each device and map, however often it is plugged in."""
        stranger = steady(port), self._maps[port]
        if stranger in self._strangers:
            return
        self._strangers.add(stranger)
        self._on_event(
            f"MIDI controller {port}: the map {self._maps[port]} knows nothing of what it sends; "
            f"is it in another mode? Otherwise {_remedy(port)}"
        )

    def _drop(self, port: str, *, dark: bool) -> None:
        device = self._devices.pop(port, None)
        if device is not None:
            try:
                device.close(dark=dark)
            except Exception as error:
                self._complain(port, f"MIDI {port}: {error}")


def open_controllers(desk: Desk, spec: MidiSpec, on_event: OnEvent) -> Controllers:
    """Listen to the controllers that are there and to those that will come.

    Raises ConfigError for a port, map or MIDI system that is not there or not the only one of its
    name. Where the machine has no MIDI system at all, `auto` says so to `on_event` and goes on
    without; whoever named a port or a system gets the RtsepError.
    """
    return Controllers(desk, spec, on_event)


def _remedy(port: str) -> str:
    return f"make a map for it: rtsep midi learn --port {shlex.quote(port)}"


def _without_count(port: str) -> str:
    """Of two devices of one name nobody knows which is gone, so both are opened anew."""
    return port.partition(" #")[0]
