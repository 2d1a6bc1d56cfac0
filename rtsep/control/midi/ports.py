"""MIDI ports of this machine, through rtmidi, which is imported when they are asked for."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from rtsep.control.midi.maps import DeviceMap
from rtsep.errors import ConfigError, RtsepError

APIS = ("auto", "alsa", "jack", "coremidi", "winmm")
CLIENT = "rtsep"  # what other programs see of us
NEWEST_WITH_A_BUILD = (3, 12)  # the newest Python that the makers of rtmidi have compiled it for
BUILT_WITH = ("g++", "pkg-config", "python3-dev", "libasound2-dev", "libjack-jackd2-dev")
QUEUE = 8192  # messages that wait for us at most; beyond, rtmidi drops and complains
MOST_AT_ONCE = 2 * QUEUE  # read from one port before the others have their turn

_CONSTANTS = {
    "alsa": "API_LINUX_ALSA",
    "jack": "API_UNIX_JACK",
    "coremidi": "API_MACOSX_CORE",
    "winmm": "API_WINDOWS_MM",
}
_ALSA_DEVICE = "/dev/snd/seq"


class Input:
    """An open input port."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def messages(self) -> Iterator[Sequence[int]]:
        """What has arrived since the last call. Never waits."""
        for _ in range(MOST_AT_ONCE):
            found = self._port.get_message()
            if found is None:
                return
            yield found[0]

    def close(self) -> None:
        _dispose(self._port)


class Output:
    """An open output port."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def send(self, message: Sequence[int]) -> None:
        self._port.send_message(message)

    def close(self) -> None:
        _dispose(self._port)


class Backend:
    """Lists and opens the ports of one MIDI system. One thread at a time uses it.

    Ports of the same name are told apart by "#2", "#3" behind it. Errors of the system are
    `OSError`s, which rtmidi's are.
    """

    def __init__(self, rtmidi: Any, api: str) -> None:
        self.api = api
        self._rtmidi = rtmidi
        self._constant = getattr(rtmidi, _CONSTANTS[api])
        self._ears = rtmidi.MidiIn(self._constant, name=CLIENT)  # for listing only
        try:
            self._mouth = rtmidi.MidiOut(self._constant, name=CLIENT)
        except BaseException:
            _dispose(self._ears)
            raise

    def inputs(self) -> list[str]:
        return [name for name in _distinct(self._ears.get_ports()) if not _ours(name)]

    def outputs(self) -> list[str]:
        return [name for name in _distinct(self._mouth.get_ports()) if not _ours(name)]

    def open_input(self, name: str) -> Input:
        port = self._rtmidi.MidiIn(self._constant, name=CLIENT, queue_size_limit=QUEUE)
        return Input(_opened(port, name, "in"))

    def open_output(self, name: str) -> Output:
        port = self._rtmidi.MidiOut(self._constant, name=CLIENT)
        return Output(_opened(port, name, "out"))

    def close(self) -> None:
        _dispose(self._ears)
        _dispose(self._mouth)


def open_backend(api: str = "auto") -> Backend:
    """The MIDI system of a name, or the one this machine has. Raises ConfigError for a name that
    is none, and RtsepError, on one line, where there is no such system."""
    if api not in APIS:
        raise ConfigError(f"no MIDI system {api[:80]!r}; there are {', '.join(APIS)}")
    rtmidi = load_rtmidi()
    compiled = rtmidi.get_compiled_api()
    built = [name for name, constant in _CONSTANTS.items() if getattr(rtmidi, constant) in compiled]
    if api == "auto":
        return _first_of(rtmidi, built)
    if api not in built:
        raise ConfigError(f"no MIDI system {api!r} on this machine; there is {', '.join(built)}")
    return _start(rtmidi, api)


def load_rtmidi() -> Any:
    """The library. Raises RtsepError, with what to do, where it cannot be loaded."""
    try:
        import rtmidi  # type: ignore[import-untyped]  # rtmidi ships no types
    except ImportError as error:
        raise RtsepError(
            f"MIDI needs python-rtmidi, which cannot be loaded ({error}); "
            f"{_how_to_install(sys.version_info[:2])}"
        ) from error
    return rtmidi


def _how_to_install(python: tuple[int, int]) -> str:
    if python <= NEWEST_WITH_A_BUILD:
        return "try pip install python-rtmidi, on Debian also apt install libasound2"
    return (
        "try pip install python-rtmidi, which compiles it for this Python "
        f"(on Debian first apt install {' '.join(BUILT_WITH)})"
    )


def _first_of(rtmidi: Any, built: Sequence[str]) -> Backend:
    """Native systems before JACK, which is everywhere the second choice."""
    reasons = []
    for api in sorted(built, key=lambda name: name == "jack"):
        try:
            return _start(rtmidi, api)
        except RtsepError as error:
            reasons.append(str(error))
    raise RtsepError("; ".join(reasons) or "this build of rtmidi has no MIDI system")


def _start(rtmidi: Any, api: str) -> Backend:
    if api == "alsa" and not os.access(_ALSA_DEVICE, os.R_OK | os.W_OK):
        # Asked all the same, ALSA's library would print lines of its own.
        raise RtsepError(f"no MIDI through alsa: {_ALSA_DEVICE} is not there, or not for you")
    if api == "jack":
        _silence_jack(rtmidi)
    try:
        return Backend(rtmidi, api)
    except OSError as error:
        why = "no server runs, start one" if api == "jack" else str(error)
        raise RtsepError(f"no MIDI through {api}: {why}") from error


def _silence_jack(rtmidi: Any) -> None:
    """Keep JACK's library from printing to the terminal; its errors reach us as exceptions.

    It calls a function with the text instead, from any of its threads, maybe a real-time one, so
    that must be no Python: strlen takes a text and does nothing.
    """
    try:
        library = ctypes.CDLL(rtmidi._rtmidi.__file__)  # whose symbols include those of its JACK
        nothing = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        for name in ("jack_set_error_function", "jack_set_info_function"):
            function = getattr(library, name)
            function.argtypes, function.restype = [ctypes.c_void_p], None
            function(nothing)
    except (OSError, AttributeError, TypeError):
        pass  # then it prints; nothing else depends on this


def output_for(name: str, outputs: Sequence[str], device: DeviceMap) -> str | None:
    """The output that belongs to an input: of the same name, or else of the same device, whichever
    resembles it most; None where there is none. Systems name the two sides of a device alike."""
    owner = name.partition(":")[0]
    related = [
        output
        for output in outputs
        if output == name or device.fit(output) or (":" in name and output.startswith(f"{owner}:"))
    ]
    return max(
        related, key=lambda output: SequenceMatcher(None, name, output).ratio(), default=None
    )


def _opened(port: Any, name: str, side: str) -> Any:
    """Open the port of a name on a fresh rtmidi object; its numbers change when devices come."""
    try:
        names = _distinct(port.get_ports())
        if name not in names:
            raise OSError(f"{name} is gone")
        port.open_port(names.index(name), side)
    except BaseException:
        _dispose(port)
        raise
    return port


def _distinct(names: Sequence[str]) -> list[str]:
    counts: Counter[str] = Counter()
    found = []
    for name in names:
        counts[name] += 1
        found.append(name if counts[name] == 1 else f"{name} #{counts[name]}")
    return found


def _ours(name: str) -> bool:
    """JACK and ALSA list our own ports too: "rtsep:out", "rtsep-01:out"."""
    return re.match(rf"{CLIENT}(-\d+)?:", name) is not None


def _dispose(port: Any) -> None:
    """Close and free a port now: the garbage collector would do so at some time."""
    try:
        port.close_port()
    finally:
        port.delete()
