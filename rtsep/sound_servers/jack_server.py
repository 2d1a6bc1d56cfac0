"""Who answers as a JACK server, and who is on it. To be asked in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rtsep.audio.choose import NoSuchDevice
from rtsep.audio.devices import JACK, Device, list_devices
from rtsep.errors import ConfigError
from rtsep.processes.questions import Failure, Question, Round, ask
from rtsep.sound_servers.pipewire_jack import use_pipewire

_LISTING_SECONDS = 10.0


@dataclass(frozen=True)
class JackServer:
    """`players` are the clients that somebody could hear, without the sound card."""

    pipewire: bool
    players: tuple[str, ...]


def open_client(name: str) -> Any:
    """A client that is not activated: it has no part in the sound, and the server never waits for
    it. Raises ConfigError where there is no JACK server, or nothing to reach it with."""
    try:
        import jack

        for silence in (jack.set_error_function, jack.set_info_function):
            silence(_unheard)  # they would print
        return jack.Client(name, no_start_server=True)
    except ImportError as error:
        told = "the Python package JACK-Client is missing; pip install JACK-Client"
        raise ConfigError(f"no JACK server answers: {told}") from error
    except Exception as error:  # the library's absence, or an error of a module without it
        raise ConfigError(f"no JACK server answers: {error}") from error


def find_server(pipewire: bool = False) -> JackServer:
    """Raises ConfigError where there is none. With `pipewire` that library is taken."""
    if pipewire:
        use_pipewire()
    client = open_client("rtsep-question")
    try:
        import jack

        return JackServer("PipeWire" in jack.version_string(), players(client))
    finally:
        client.close()


def devices_beside(pipewire: bool) -> list[Device]:
    """All that PortAudio knows, from a process of its own: in this one it would be a client of the
    server too. Raises NoSuchDevice where none of them is JACK's, since a server may come."""
    question = Question(__name__, _listed.__name__, (pipewire,))
    found = ask(Round({"devices": question}, _LISTING_SECONDS))["devices"]
    if isinstance(found, Failure):
        raise ConfigError(f"sound devices cannot be listed: {found.reason}")
    if not any(device.host_api == JACK for device in found):
        raise NoSuchDevice("PortAudio reaches no JACK server", "a JACK server")
    return list(found)


def _listed(pipewire: bool) -> list[Device]:
    if pipewire:
        use_pipewire()
    return list_devices()


def players(client: Any) -> tuple[str, ...]:
    """Clients with an output that is no sound card's."""
    ports = client.get_ports(is_audio=True)
    cards = {_owner(port.name) for port in ports if port.is_physical}
    return tuple(
        dict.fromkeys(
            owner for port in ports if port.is_output and (owner := _owner(port.name)) not in cards
        )
    )


def _owner(port: str) -> str:
    return port.partition(":")[0]


def _unheard(message: str) -> None:
    """Errors come as exceptions too."""
