"""One face for sound cards and for the clock that stands in for them."""

from __future__ import annotations

from typing import Protocol

from rtsep.audio.clock import Clock
from rtsep.session.live.callback import MIX, Callback
from rtsep.session.live.messages import AudioRequest, DeviceReady
from rtsep.session.live.shared import Counters

CLOCK_BLOCK = 256
NOTHING = "null"
FEED = "file"


class Device(Protocol):
    """Opened, ready to start. `outputs` are what the callback writes, `feed` whether its input is
    a file."""

    ready: DeviceReady
    feed: bool
    outputs: tuple[int, ...]

    @property
    def active(self) -> bool: ...
    def start(self, callback: Callback, counters: Counters) -> None: ...
    def close(self) -> None: ...


class Named(Protocol):
    """A device whose name is understood."""

    def open(self, model_rate: int, channels: int, stems: tuple[str, ...]) -> Device: ...


def find_device(request: AudioRequest) -> Named:
    """Raises ConfigError for unknown or ambiguous names."""
    if request.input is None and request.output is None:
        return NamedClock(request)
    raise NotImplementedError


class NamedClock:
    """No device at all: a file played to nobody, at the pace of a sound card."""

    def __init__(self, request: AudioRequest) -> None:
        self._request = request

    def open(self, model_rate: int, channels: int, stems: tuple[str, ...]) -> Device:
        rate, block = self._request.samplerate or model_rate, self._request.blocksize or CLOCK_BLOCK
        return ClockDevice(Clock(rate, block))


class ClockDevice:
    """The feed at a steady pace."""

    feed = True
    outputs: tuple[int, ...] = (MIX,)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ready = DeviceReady(
            input=FEED,
            output=NOTHING,
            rate=clock.rate,
            blocksize=clock.blocksize,
            longest_block=clock.blocksize,
            latency_in=0,
            latency_out=0,
        )

    @property
    def active(self) -> bool:
        return self._clock.active

    def start(self, callback: Callback, counters: Counters) -> None:
        self._clock.start(lambda count: callback(None, None, count))

    def close(self) -> None:
        self._clock.close()
