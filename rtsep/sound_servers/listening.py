"""What Linux does for "system" and "app:NAME": brings the sound to where rtsep records, keeps it
from being heard beside rtsep, and puts everything back at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from rtsep.audio.computer import SYSTEM, app_name
from rtsep.audio.devices import JACK
from rtsep.closing import Closing
from rtsep.errors import ConfigError
from rtsep.names import fitting
from rtsep.processes.questions import Failure, Question, Round, ask
from rtsep.sound_servers.direct_sound import DirectSound
from rtsep.sound_servers.jack_server import JackServer, find_server
from rtsep.sound_servers.pipewire import Graph
from rtsep.sound_servers.pipewire_capture import Capture, Wanted, called
from rtsep.sound_servers.pipewire_jack import use_pipewire
from rtsep.sound_servers.pipewire_tools import Watch

_JACK_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the audio process shall record: the name of a device, with PipeWire's JACK if
    `pipewire`. `speakers` is what the system's default output is called there, if not that."""

    input: str
    speakers: str | None = None
    pipewire: bool = False
    note: str = ""  # for a person


class Listener(Protocol):
    """The place to record is there at once; what is wanted is brought there from the first `look`
    on, which returns sentences. `waitables` become ready when there is something to look at."""

    heard: Heard
    waitables: tuple[int, ...]

    def look(self) -> list[str]: ...
    def close(self) -> None: ...


def listen(text: str, *, waits: bool, ours: Callable[[int], bool]) -> Listener:
    """A JACK server's client of that name goes before a program that plays to PipeWire.

    `ours` says whether a process belongs to the session. Raises ConfigError where nobody plays that
    is meant, unless it `waits`, or where there is neither PipeWire nor JACK.
    """
    app = app_name(text)
    jackd = _jackd()
    if jackd and (app is None or fitting(app, jackd.players)):
        return JackListener(app)
    try:
        watch = Watch()
    except ConfigError as error:
        if jackd:  # the audio process says which clients there are, or waits
            return JackListener(app)
        raise ConfigError(
            f"{text} needs PipeWire or JACK; {error}; with PulseAudio see docs/audio.md"
        ) from error
    with ExitStack() as opened:
        opened.callback(watch.close)
        listener = _on_pipewire(watch, app, waits, ours)
        opened.pop_all()
    return listener


def _jackd() -> JackServer | None:
    """A server that is not PipeWire."""
    question = Question("rtsep.sound_servers.jack_server", find_server.__name__)
    found = ask(Round({"JACK": question}, _JACK_SECONDS))["JACK"]
    return None if isinstance(found, Failure) or found.pipewire else found


def _on_pipewire(
    watch: Watch, app: str | None, waits: bool, ours: Callable[[int], bool]
) -> Listener:
    question = Question("rtsep.sound_servers.jack_server", find_server.__name__, (True,))
    found = ask(Round({"JACK": question}, _JACK_SECONDS))["JACK"]
    if isinstance(found, Failure) or not found.pipewire:
        raise ConfigError(
            "PipeWire's JACK library is missing; install it: apt install pipewire-jack (Debian, "
            "Ubuntu), dnf install pipewire-jack-audio-connection-kit (Fedora), pacman -S "
            "pipewire-jack (Arch)"
        )
    if app and not called(app, watch.graph.streams) and fitting(app, watch.graph.jack_clients):
        speakers = _speakers(watch.graph)
        watch.close()
        use_pipewire()
        return JackListener(app, speakers=speakers, pipewire=True)
    return PipeWireListener(watch, app, waits=waits, ours=ours)


def _speakers(graph: Graph) -> str | None:
    sink = graph.default_sink
    return f"{JACK}: {sink.description}" if sink else None


class JackListener(Closing):
    """A client is an input as it is; only its way to the sound card is taken away."""

    waitables: tuple[int, ...] = ()

    def __init__(
        self, app: str | None, *, speakers: str | None = None, pipewire: bool = False
    ) -> None:
        self.heard = Heard(input=f"{JACK}: {app or SYSTEM}", speakers=speakers, pipewire=pipewire)
        self._direct = DirectSound(app) if app else None

    def look(self) -> list[str]:
        return self._direct.look() if self._direct else []

    def close(self) -> None:
        if self._direct:
            self._direct.close()


class PipeWireListener(Closing):
    """Programs play to a sink of ours, which is the input."""

    def __init__(
        self, watch: Watch, app: str | None, *, waits: bool, ours: Callable[[int], bool]
    ) -> None:
        wanted = Wanted(app, ours)
        note = wanted.settle(watch.graph, waits=waits)
        self.waitables: tuple[int, ...] = (watch.fd,)
        self._watch = watch
        speakers = _speakers(watch.graph)
        self._capture = Capture(watch, wanted, app or SYSTEM)
        self.heard = Heard(
            input=f"{JACK}: {self._capture.description}",
            speakers=speakers,
            pipewire=True,
            note=note,
        )

    def look(self) -> list[str]:
        return self._capture.look()

    def close(self) -> None:
        self._capture.close()
        self._watch.close()
