"""`--stem-ports`: devices of a JACK server, and ports of its own for every stem."""

from __future__ import annotations

from dataclasses import replace

from rtsep.audio.choose import NoSuchDevice
from rtsep.audio.devices import JACK
from rtsep.errors import ConfigError
from rtsep.live_session.callback import Callback
from rtsep.live_session.devices import OpenCards, OpenDevice, SoundCards, prepare
from rtsep.live_session.messages import AudioRequest, DeviceReady, Patch
from rtsep.sound_servers.jack_ports import JackPorts
from rtsep.sound_servers.jack_server import devices_beside


class StemPorts(SoundCards):
    """Named as ever; opened past PortAudio, which can neither name ports nor say how late they
    are."""

    def __init__(self, request: AudioRequest) -> None:
        prepare(request)
        try:
            devices = devices_beside(request.pipewire)
        except NoSuchDevice as error:
            told = f"--stem-ports needs JACK: {error}; start jackd (PipeWire: rtsep with pw-jack)"
            raise NoSuchDevice(told, error.wanted) from error
        super().__init__(request, devices)
        for end in (self._input, self._output):
            if end and end.host_api != JACK:
                raise ConfigError(
                    f"--stem-ports needs JACK, and {end.label} is none of its devices; take one "
                    "that `rtsep devices` shows with JACK, or leave --stem-ports out"
                )

    def open(self, model_rate: int, stems: tuple[str, ...]) -> OpenDevice:
        played = (*self._outputs(stems), *range(len(stems)))
        ports = JackPorts(*self.check(), stems)
        if self._request.samplerate not in (None, ports.rate):
            ports.close()
            raise ConfigError(
                f"{self._request.samplerate} Hz is refused: the JACK server runs at {ports.rate} Hz"
            )
        return OpenPorts(ports, self._ready(ports, ports.name), played)


class OpenPorts(OpenCards):
    """Ports that tell the server's graph how late they are."""

    def __init__(self, ports: JackPorts, ready: DeviceReady, outputs: tuple[int, ...]) -> None:
        super().__init__(ports, ready, outputs)
        self._ports = ports
        self._stems = outputs[len(ready.routes) :]

    def patch(self, patch: Patch, callback: Callback) -> None:
        """Stems stay on their ports."""
        plays = patch.plays and (*patch.plays, *self._stems)
        super().patch(replace(patch, plays=plays), callback)

    def declare(self, delay: int) -> None:
        self._ports.declare(delay)
