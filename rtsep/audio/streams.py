"""One PortAudio stream, opened: what to ask sounddevice for. Knows nothing of what is played."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.devices import ASIO, JACK, Device, Kind
from rtsep.audio.hostapi import USUAL, HostSettings, extra_settings
from rtsep.audio.portaudio import portaudio
from rtsep.audio.quiet import quiet
from rtsep.audio.routes import Route
from rtsep.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DuplexSpec:
    """What to open. Channels count from 0; without any, the first ones are used.

    The input may run at an `input_rate` of its own. `blocksize` 0 leaves it to the host API, which
    then need not regroup blocks; JACK always gives its server's period. `one_clock` says whether
    the two devices run on the same clock; None decides by what their host API is known for.
    """

    rate: int
    input_rate: int | None = None
    input: Device | None = None
    output: Device | None = None
    blocksize: int = 0
    latency: str | float = "low"  # or "high", or seconds
    input_channels: tuple[int, ...] = ()
    routes: tuple[Route, ...] = ()
    cue: tuple[int, ...] = ()  # channels of headphones, beside the routes
    settings: HostSettings = USUAL
    one_clock: bool | None = None

    def __post_init__(self) -> None:
        if self.input is None and self.output is None:
            raise ConfigError("there is neither an input nor an output device to open")
        if self.blocksize < 0:
            raise ConfigError(f"blocksize must be 0 or more samples, got {self.blocksize}")
        if self.latency not in ("low", "high") and not _is_time(self.latency):
            raise ConfigError(f"device latency must be low, high or seconds, got {self.latency!r}")
        for device in (self.input, self.output):
            if device is not None:
                self.settings.check(device)

    @property
    def two_clocks(self) -> bool:
        if self.input is None or self.output is None:
            return False
        if self.input_rate not in (None, self.rate):
            return True  # one stream has one rate
        if self.one_clock is not None:
            return not self.one_clock
        return not share_clock(self.input, self.output)


def share_clock(input: Device, output: Device) -> bool:
    """Whether two devices surely run on one clock, so that one stream can serve both."""
    if input.host_api != output.host_api or "[Loopback]" in input.name:
        return False
    if input.index == output.index or input.host_api in (JACK, ASIO):
        return True
    # Windows calls the two ends of one card "Line (Card)" and "Speakers (Card)".
    cards = [re.search(r"\((.+)\)$", device.name) for device in (input, output)]
    return None not in cards and len({card.group(1) for card in cards if card}) == 1


def open_stream(
    spec: DuplexSpec, callback: Callable[..., None], inlet: Inlet | None, outlet: Outlet | None
) -> Any:
    """A stream of sounddevice, not started, for one direction or both. Raises ConfigError."""
    module = portaudio()
    ends: list[tuple[Inlet | Outlet, Kind]] = []
    if inlet:
        ends.append((inlet, "input"))
    if outlet:
        ends.append((outlet, "output"))
    stream = {"input": module.InputStream, "output": module.OutputStream}[ends[0][1]]
    per_end: dict[str, Any] = {
        "device": [end.device.index for end, _ in ends],
        "channels": [len(end.opened) for end, _ in ends],
        "extra_settings": [
            extra_settings(end.device, kind, end.opened, spec.settings) for end, kind in ends
        ],
    }
    if len(ends) == 2:
        stream = module.Stream
    else:
        per_end = {key: values[0] for key, values in per_end.items()}
    try:
        with quiet():
            return stream(
                samplerate=spec.rate,
                blocksize=spec.blocksize,
                latency=spec.latency,
                dtype="float32",
                callback=callback,
                **per_end,
            )
    except module.PortAudioError as error:
        raise ConfigError(_refusal(spec, [end.device for end, _ in ends], error)) from error


def _refusal(spec: DuplexSpec, devices: list[Device], error: Exception) -> str:
    names = " and ".join(dict.fromkeys(device.label for device in devices))
    block = f"blocks of {spec.blocksize}" if spec.blocksize else "blocks of its own choice"
    return (
        f"cannot open {names} at {spec.rate} Hz with {block}: {error};\n"
        "  close what else may use it, or try another sample rate, block size or device latency"
    )


def _is_time(latency: str | float) -> bool:
    return isinstance(latency, float) and math.isfinite(latency) and latency > 0
