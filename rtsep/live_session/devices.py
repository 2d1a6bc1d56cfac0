"""One face for sound cards and for the clock that stands in for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.choose import choose, choose_input_rate, choose_rate
from rtsep.audio.clock import Clock
from rtsep.audio.computer import check_hearing
from rtsep.audio.declared import beyond, late_for
from rtsep.audio.devices import JACK, Device
from rtsep.audio.duplex import open_duplex
from rtsep.audio.hostapi import HostSettings, takes_rate
from rtsep.audio.opened import Duplex
from rtsep.audio.portaudio import jack_client
from rtsep.audio.routes import parse_channels, parse_cue, parse_route
from rtsep.audio.streams import DuplexSpec
from rtsep.errors import ConfigError
from rtsep.live_session.callback import CUE, Callback
from rtsep.live_session.device_facts import numbers
from rtsep.live_session.messages import AudioRequest, DeviceReady, Patch
from rtsep.live_session.shared import Counters
from rtsep.ring.ring import Audio
from rtsep.sound_servers.pipewire_jack import use_pipewire

# What is called for each block, like `callback.Callback`: (input, output, samples).
BlockCall = Callable[[Audio | None, Audio | None, int], None]

CLOCK_BLOCK = 256
USUAL_BLOCK = 1024  # the longest to expect of a device that does not say
NOTHING, FEED = "null", "file"


class OpenDevice(Protocol):
    """Ready to start. `outputs` are what the callback has to write, in that order."""

    ready: DeviceReady
    outputs: tuple[int, ...]

    @property
    def active(self) -> bool: ...
    @property
    def patched(self) -> bool: ...
    def start(self, callback: BlockCall, counters: Counters) -> None: ...
    def patch(self, patch: Patch, callback: Callback) -> None: ...
    def declare(self, delay: int) -> None:
        """So many samples after it came sound is played now; to tell whoever asks."""

    def close(self) -> None: ...


class NamedDevice(Protocol):
    """One whose name is understood."""

    def open(self, model_rate: int, stems: tuple[str, ...]) -> OpenDevice: ...


def find_device(request: AudioRequest) -> NamedDevice:
    """Raises ConfigError for names, channels and routes that mean nothing or too much."""
    prepare(request)
    if request.input is None and request.output is None:
        return NoDevice(request)
    return SoundCards(request)


def prepare(request: AudioRequest) -> None:
    """Before devices are looked for. Raises ConfigError for what is said of none."""
    if request.routes and request.output is None:
        raise ConfigError("--route needs an output device; leave it out")
    if request.cue is not None and request.output is None:
        raise ConfigError("--cue needs an output device; leave it out")
    if request.input_channels and request.input is None:
        raise ConfigError("--input-channels needs an input device; leave it out")
    if request.pipewire:
        use_pipewire()


class NoDevice:
    """A file played to nobody, at the pace of a sound card."""

    def __init__(self, request: AudioRequest) -> None:
        self._request = request

    def open(self, model_rate: int, stems: tuple[str, ...]) -> OpenDevice:
        rate, block = self._request.samplerate or model_rate, self._request.blocksize or CLOCK_BLOCK
        return OpenClock(Clock(rate, block))


class OpenClock:
    """Calls, without any sound."""

    outputs: tuple[int, ...] = ()
    patched = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ready = DeviceReady(
            input=FEED,
            output=NOTHING,
            rate=clock.rate,
            blocksize=clock.blocksize,
            longest_block=clock.blocksize,
            latency=(),
        )

    @property
    def active(self) -> bool:
        return self._clock.active

    def start(self, callback: BlockCall, counters: Counters) -> None:
        self._clock.start(lambda count: callback(None, None, count))

    def patch(self, patch: Patch, callback: Callback) -> None:
        """There is nothing that could be another one."""

    def declare(self, delay: int) -> None:
        """Nobody asks."""

    def close(self) -> None:
        self._clock.close()


class SoundCards:
    """Devices of PortAudio, chosen by name."""

    def __init__(self, request: AudioRequest, devices: Sequence[Device] | None = None) -> None:
        """Of these `devices`, if somebody else has listed them."""
        self._request, find = request, partial(choose, devices=devices)
        self._routes = tuple(parse_route(text) for text in request.routes)
        self._cue = () if request.cue is None else parse_cue(request.cue, self._routes)
        self._input = find(request.input, kind="input") if request.input else None
        self._output = find(request.output, kind="output") if request.output else None
        if self._input and self._output:
            check_hearing(self._input, self._output)
        self._channels = parse_channels(request.input_channels) if request.input_channels else ()

    @property
    def inputs(self) -> int:
        """How many channels the input device has."""
        return self._input.inputs if self._input else 0

    def check(self) -> tuple[Inlet | None, Outlet | None]:
        """What a stream would be for. Raises ConfigError for channels that there are not."""
        return (
            Inlet(self._input, self._channels) if self._input else None,
            Outlet(self._output, self._routes, self._cue) if self._output else None,
        )

    def open(self, model_rate: int, stems: tuple[str, ...]) -> OpenDevice:
        outputs = self._outputs(stems)
        spec = self._spec(model_rate)
        duplex = open_duplex(spec)
        return OpenCards(duplex, self._ready(duplex, _client(self._input, self._output)), outputs)

    def _outputs(self, stems: tuple[str, ...]) -> tuple[int, ...]:
        """What the routes play, and headphones."""
        return numbers(self._routes, stems) + (CUE,) * bool(self._cue)

    def _spec(self, model_rate: int) -> DuplexSpec:
        """Raises ConfigError where no rate fits."""
        request = self._request
        settings = HostSettings(
            exclusive=request.wasapi == "exclusive", auto_convert=request.wasapi == "convert"
        )
        takes = partial(takes_rate, settings=settings)
        rate = choose_rate(
            self._input,
            self._output,
            wanted=request.samplerate,
            model_rate=model_rate,
            takes=takes,
        )
        return DuplexSpec(
            rate=rate,
            input_rate=choose_input_rate(self._input, rate, takes) if self._input else None,
            input=self._input,
            output=self._output,
            blocksize=request.blocksize,
            latency=request.latency,
            input_channels=self._channels,
            routes=self._routes,
            cue=self._cue,
            settings=settings,
        )

    def _ready(self, duplex: Duplex, client: str) -> DeviceReady:
        rate = duplex.rate
        return DeviceReady(
            input=self._input.label if self._input else FEED,
            output=self._output.label if self._output else NOTHING,
            rate=rate,
            blocksize=duplex.blocksize,
            longest_block=duplex.blocksize or USUAL_BLOCK,
            latency=duplex.latency,
            notes=duplex.notes + late_for(self._request.blocksize, duplex.blocksize, rate),
            beyond=beyond(self._input, self._output, rate),
            input_channels=self._channels or _first_two(self.inputs),
            output_channels=duplex.routes[0].channels if duplex.routes else (),
            routes=duplex.routes,
            cue_channels=self._cue,
            open_inputs=duplex.opened[0],
            open_outputs=duplex.opened[1],
            client=client,
            pipewire=self._request.pipewire,
        )


class OpenCards:
    """Streams that are ready to start."""

    def __init__(self, duplex: Duplex, ready: DeviceReady, outputs: tuple[int, ...]) -> None:
        self.ready = ready
        self.outputs = outputs
        self._duplex = duplex
        self._change: Callable[[], None] | None = None  # before the next block

    @property
    def active(self) -> bool:
        return self._duplex.active

    @property
    def patched(self) -> bool:
        """Whether the last patch is heard."""
        return self._change is None

    def start(self, callback: BlockCall, counters: Counters) -> None:
        def process(recorded: Any, played: Any, count: int, flags: Any) -> None:
            if flags:
                _count(flags, counters)
            callback(recorded, played, count)
            counters.at_once[0] = self._duplex.at_once
            if self._change is not None:  # between two blocks, which no other thread can be sure of
                self._change()
                self._change = None

        self._duplex.start(process)

    def patch(self, patch: Patch, callback: Callback) -> None:
        rows = self._duplex.patched(patch.inputs, patch.routes, patch.outputs)

        def change() -> None:
            rows()
            callback.outputs = patch.plays or callback.outputs

        self._change = change

    def declare(self, delay: int) -> None:
        """PortAudio tells nobody."""

    def close(self) -> None:
        self._duplex.close()


def _count(flags: Any, counters: Counters) -> None:
    """What the device lost; flags of sounddevice, for the blocks since the last callback.

    One xrun for all of them: JACK sets flags of both directions for each, whatever it was.
    """
    counters.xruns[0] += bool(
        flags.input_overflow
        or flags.input_underflow
        or flags.output_overflow
        or flags.output_underflow
    )


def _client(*ends: Device | None) -> str:
    return jack_client() if any(end.host_api == JACK for end in ends if end) else ""


def _first_two(channels: int) -> tuple[int, ...]:
    return tuple(range(min(2, channels)))
