"""What single host APIs can do besides: exclusive mode, conversion, picking channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rtsep.audio.devices import ASIO, CORE_AUDIO, WASAPI, Device, Kind
from rtsep.audio.portaudio import portaudio
from rtsep.audio.quiet import quiet
from rtsep.errors import ConfigError

RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)


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


def with_rates(devices: Iterable[Device]) -> list[Device]:
    """The devices, now with those of `RATES` that they take, with all their directions."""
    return [
        dataclasses.replace(device, rates=tuple(r for r in RATES if _takes_both(device, r)))
        for device in devices
    ]


def _takes_both(device: Device, rate: int) -> bool:
    kinds: tuple[Kind, ...] = ("input", "output")
    return all(takes_rate(device, kind, rate) for kind in kinds if device.channels(kind))
