"""What single host APIs can do besides: exclusive mode, conversion, picking channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rtsep.audio.devices import ASIO, CORE_AUDIO, WASAPI, Device, Kind, list_devices
from rtsep.audio.portaudio import portaudio
from rtsep.audio.quiet import quiet
from rtsep.errors import ConfigError

RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
LOW_RATES = (32_000, 24_000, 22_050, 16_000, 8_000)  # of headsets and telephones


@dataclass(frozen=True, kw_only=True)
class HostSettings:
    """For WASAPI devices only."""

    exclusive: bool = False  # past the system's mixer, at the device's own rates
    auto_convert: bool = False  # let the system's mixer resample, with a delay nobody reports

    def check(self, device: Device) -> None:
        """Raises ConfigError if the device does not know a setting that is on."""
        if (self.exclusive or self.auto_convert) and device.host_api != WASAPI:
            name = "exclusive mode" if self.exclusive else "automatic conversion"
            raise ConfigError(f"{name} is for WASAPI devices, not for {device.label}")


USUAL = HostSettings()


def picks_channels(device: Device) -> bool:
    """Whether any channels of the device can be opened alone, not just the first ones."""
    return device.host_api in (ASIO, CORE_AUDIO)


def extra_settings(
    device: Device, kind: Kind, channels: Sequence[int], settings: HostSettings
) -> Any:
    """What sounddevice calls that, for a stream with these channels of the device; or None."""
    module = portaudio()
    if device.host_api == WASAPI and settings != USUAL:
        return module.WasapiSettings(
            exclusive=settings.exclusive, auto_convert=settings.auto_convert
        )
    if device.host_api == ASIO:
        return module.AsioSettings(channel_selectors=list(channels))
    if device.host_api == CORE_AUDIO:
        picked = list(channels) if kind == "input" else core_audio_map(channels, device.outputs)
        return module.CoreAudioSettings(channel_map=picked)
    return None


def core_audio_map(channels: Sequence[int], outputs: int) -> list[int]:
    """For each output of the device, which channel of the stream it plays, or -1."""
    return [channels.index(output) if output in channels else -1 for output in range(outputs)]


def takes_rate(device: Device, kind: Kind, rate: int, settings: HostSettings = USUAL) -> bool:
    """Whether the device says so. Some host APIs open it for a moment to find out."""
    module = portaudio()
    channels = range(min(2, device.channels(kind)))
    check = module.check_input_settings if kind == "input" else module.check_output_settings
    try:
        with quiet():
            check(
                device=device.index,
                channels=len(channels),
                dtype="float32",
                samplerate=rate,
                extra_settings=extra_settings(device, kind, channels, settings),
            )
    except module.PortAudioError:
        return False
    return True


def devices_with_rates() -> list[Device]:
    """All devices, with their rates."""
    return with_rates(list_devices())


def with_rates(devices: Iterable[Device]) -> list[Device]:
    """The devices, now with the rates that they take, with all their directions, or with one where
    none suits all."""
    return [dataclasses.replace(device, rates=_rates(device)) for device in devices]


def _rates(device: Device) -> tuple[int, ...]:
    kinds: tuple[Kind, ...] = ("input", "output")
    taken = [taken_rates(device, kind) for kind in kinds if device.channels(kind)]
    rates = set[int]().union(*taken)
    return tuple(sorted(rates.intersection(*taken) or rates))


def taken_rates(
    device: Device, kind: Kind, takes: Callable[[Device, Kind, int], bool] = takes_rate
) -> list[int]:
    """Those of `RATES`; for a device that takes none of them also lower ones, and its own."""
    taken = [rate for rate in RATES if takes(device, kind, rate)]
    others = (*LOW_RATES, device.default_rate)
    return taken or sorted({rate for rate in others if takes(device, kind, rate)})
