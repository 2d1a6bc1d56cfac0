"""The sound devices of this machine, as PortAudio found them when it started.

PortAudio shows a device once for every host API that can reach it. Indices are those of this
process, and change when devices come and go. Knows nothing of streams.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from rtsep.audio.portaudio import portaudio
from rtsep.errors import ConfigError
from rtsep.names import Key, found_again, steady
from rtsep.processes.questions import Failure, Question, Round, ask

Kind = Literal["input", "output"]

WASAPI, ASIO, CORE_AUDIO, JACK, MME = "WASAPI", "ASIO", "Core Audio", "JACK", "MME"
MME_NAME = 31  # it cuts names to so many characters
_MME_STEADY = MME_NAME - len("99- ")  # and so sooner behind a number
_SHORT = {"JACK Audio Connection Kit": JACK}  # the others only lose the word "Windows"
_SECONDS, _RATES_SECONDS = 10.0, 60.0  # for the answer of all sound systems together
_JACK_HARDWARE = "system"  # the name that a JACK server gives its own sound card


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device under one host API. Latencies are the host API's own guesses, in seconds."""

    index: int
    name: str
    host_api: str
    inputs: int  # channels
    outputs: int
    default_rate: int
    default_input: bool = False  # what "mic" and "default" mean
    default_output: bool = False
    low_latency: tuple[float, float] = (0.0, 0.0)  # in, out
    high_latency: tuple[float, float] = (0.0, 0.0)
    rates: tuple[int, ...] | None = None  # those of `RATES` that work; None: not asked
    twins: tuple[str, ...] = ()  # names that differ from its own by numbers only, and its own
    place: int = 0  # among them: who is plugged in again may get another number

    @property
    def label(self) -> str:
        """A name that `choose` understands."""
        return f"{self.host_api}: {self.name}"

    def channels(self, kind: Kind) -> int:
        return self.inputs if kind == "input" else self.outputs

    def is_default(self, kind: Kind) -> bool:
        return self.default_input if kind == "input" else self.default_output


def list_devices() -> list[Device]:
    """All devices. Raises ConfigError where there is no PortAudio."""
    module = portaudio()
    hosts = module.query_hostapis()
    devices = [_device(info, hosts[info["hostapi"]]["name"]) for info in module.query_devices()]
    usual = module.default.device
    return [
        dataclasses.replace(
            device,
            **_among_twins(device, devices),
            default_input=device.index == _default(devices, hosts, "input", usual[0]),
            default_output=device.index == _default(devices, hosts, "output", usual[1]),
        )
        for device in devices
    ]


def ask_for_devices(*, rates: bool = False) -> list[Device]:
    """As `list_devices`, asked in a process of its own: a sound system that hangs or crashes does
    not take this one along, and a name in a JACK server is free again afterwards. With the `rates`
    that they take, if wanted; that opens each of them for a moment."""
    ask_them = Question("rtsep.audio.hostapi", "devices_with_rates")
    listing = ask_them if rates else Question(__name__, "list_devices")
    found = ask(Round({"devices": listing}, _RATES_SECONDS if rates else _SECONDS))["devices"]
    if isinstance(found, Failure):
        raise ConfigError(f"sound devices cannot be listed: {found.reason}")
    return list(found)


def find_again(device: Device) -> Device:
    """The same device in this process, now, whatever number its name has. ConfigError if gone."""
    present = [other for other in list_devices() if other.host_api == device.host_api]
    names = [other.name for other in present]
    twins, place = device.twins or (device.name,), device.place if device.twins else 0
    at = found_again(twins, place, names, (str, _steady(device)))
    if at is None:
        raise ConfigError(f"{device.label} is gone; plug it in again, or see `rtsep devices`")
    return present[at]


def _among_twins(device: Device, devices: list[Device]) -> dict[str, Any]:
    key = _steady(device)
    twins = [
        other
        for other in devices
        if other.host_api == device.host_api and key(other.name) == key(device.name)
    ]
    return {"twins": tuple(twin.name for twin in twins), "place": twins.index(device)}


def _steady(device: Device) -> Key:
    """What stays of the names of its host API."""
    if device.host_api == MME:
        return lambda name: steady(name)[:_MME_STEADY]
    return steady


def _device(info: dict[str, Any], host: str) -> Device:
    return Device(
        index=info["index"],
        name=info["name"],
        host_api=_SHORT.get(host, host.removeprefix("Windows ")),
        inputs=info["max_input_channels"],
        outputs=info["max_output_channels"],
        default_rate=round(info["default_samplerate"]),
        low_latency=(info["default_low_input_latency"], info["default_low_output_latency"]),
        high_latency=(info["default_high_input_latency"], info["default_high_output_latency"]),
    )


def _default(devices: list[Device], hosts: Any, kind: Kind, usual: int) -> int:
    """Index of what the system plays to or records from, or -1.

    That is PortAudio's choice, `usual`, but for two cases: on Windows it would take MME, where
    WASAPI is better in everything; on Linux it would pass over a running JACK server, and that has
    the sound card. (Under PipeWire nothing is called "system", and the usual is right.)
    """
    for host in hosts:
        if host["name"] == "Windows WASAPI" and host[f"default_{kind}_device"] >= 0:
            return int(host[f"default_{kind}_device"])
    for device in devices:
        if (device.host_api, device.name) == (JACK, _JACK_HARDWARE) and device.channels(kind):
            return device.index
    return usual
