"""What the processes of a session say to each other besides audio. All of it can be pickled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtsep.audio.opened import Rows
from rtsep.audio.routes import Route
from rtsep.config import StreamSpec
from rtsep.live_session.timing import Change
from rtsep.status import LatencyPart


@dataclass(frozen=True, kw_only=True)
class EngineRequest:
    """Which model, and how it shall cut audio. Times in seconds.

    A `profiled` engine notes its stages and pauses; with `trace` it writes one of some steps there.
    """

    model: str
    device: str
    cache: Path | None
    window: float
    hop: float
    lookahead: float
    mode: str | None  # None: the default of streams
    precision: str = "fp32"
    executor: str = "auto"
    refresh: float | None = None  # None: as much as the mode likes
    latency: float | None = None  # if given, settings are chosen for it; 0 is the smallest
    adapts: bool = False  # may take up more latency when it is late again and again
    budget: float | None = None  # of the engine that this one takes over from
    profiled: bool = False
    trace: Path | None = None
    named: tuple[str, ...] | None = None  # stems, where the model's file does not say
    complete: bool | None = None

    def settled(self, spec: StreamSpec, budget: float | None) -> EngineRequest:
        """For an engine that takes over from one that came to these."""
        rate = spec.sample_rate
        return replace(
            self,
            window=spec.window / rate,
            hop=spec.hop / rate,
            lookahead=spec.lookahead / rate,
            mode=spec.mode,
            refresh=spec.refresh / rate or None,
            latency=None,
            budget=budget,
        )


@dataclass(frozen=True, kw_only=True)
class TrueStemsRequest:
    """A stem file whose stems are played in the place of a network's."""

    path: Path

    def settled(self, spec: StreamSpec, budget: float | None) -> TrueStemsRequest:
        """As of `EngineRequest`: there is nothing to settle."""
        return self


@dataclass(frozen=True, kw_only=True)
class ModelReady:
    """The engine's answer: what it loaded, and how long a step takes when nothing disturbs it.

    `budget` is what a step may take if it was chosen together with the spec, in seconds.
    """

    name: str
    device: str
    executor: str
    stems: tuple[str, ...]
    channels: int
    spec: StreamSpec
    step_seconds: float
    precision: str = "fp32"
    budget: float | None = None


@dataclass(frozen=True, kw_only=True)
class AudioRequest:
    """Which devices, and how to open them. Without an input the feed is played; without an output
    nothing is heard. JACK is PipeWire's if `pipewire`. With `stem_ports` the devices are JACK's,
    and each stem has ports of its own. With a `probe`, shared memory, the device plays what is put
    there and not the mix; see `probed`."""

    input: str | None
    output: str | None
    samplerate: int | None = None  # None: the model's, if the devices can
    blocksize: int = 0  # 0: the device's choice
    latency: str | float = "low"  # or "high", or seconds
    input_channels: str | None = None
    routes: tuple[str, ...] = ()
    cue: str | None = None
    wasapi: str = "shared"  # or "exclusive", or "convert"
    pipewire: bool = False
    stem_ports: bool = False
    probe: Any = None

    def settled(self, device: DeviceReady) -> AudioRequest:
        """For a process that takes over from one that opened these. Numbers of devices change when
        one comes or goes; names stay."""
        return replace(
            self,
            samplerate=device.rate,
            input=device.input if (self.input or "").isdecimal() else self.input,
            output=device.output if (self.output or "").isdecimal() else self.output,
        )


@dataclass(frozen=True)
class Found:
    """The audio process knows the devices by their names; it opens them once it knows the model."""


@dataclass(frozen=True, kw_only=True)
class DeviceReady:
    """The audio process's answer. `latency` is that of the way through the devices; what a JACK
    server declares for the way beyond its ports is `beyond`. Channels count from 0."""

    input: str
    output: str
    rate: int
    blocksize: int
    longest_block: int
    latency: tuple[LatencyPart, ...]
    notes: tuple[str, ...] = ()
    beyond: tuple[LatencyPart, ...] = ()
    input_channels: tuple[int, ...] = ()
    output_channels: tuple[int, ...] = ()  # of the first route
    cue_channels: tuple[int, ...] = ()
    routes: tuple[Route, ...] = ()
    open_inputs: tuple[int, ...] = ()  # channels of the device that are there without reopening it
    open_outputs: tuple[int, ...] = ()
    client: str = ""  # its name on a JACK server
    pipewire: bool = False  # which is PipeWire

    @property
    def heard(self) -> tuple[object, ...]:
        """Which input of which device."""
        return self.input, self.input_channels

    @property
    def played(self) -> tuple[object, ...]:
        """What is played where."""
        return self.output, self.routes


@dataclass(frozen=True, kw_only=True)
class Fade:
    """To the audio process: come to silence where one is false, and back where it is true. `Done`
    is the answer when that is over."""

    hears: bool = True
    plays: bool = True


@dataclass(frozen=True, kw_only=True)
class Patch:
    """To the audio process: use other rows of what is open, for the input and for each route; empty
    ones stay as they are. `Done` is the answer."""

    inputs: Rows = ()
    routes: tuple[Route, ...] = ()
    outputs: tuple[Rows, ...] = ()
    plays: tuple[int, ...] = ()  # of each route a stem's number, or MIX


@dataclass(frozen=True)
class Rest:
    """To the audio process: fade out and close the devices. It answers `Done`, and then waits as it
    did at the beginning: for the model, or before that for other devices."""


@dataclass(frozen=True)
class Done:
    """The audio process has done what it was asked for last."""


@dataclass(frozen=True, kw_only=True)
class Retuned:
    """The engine goes on with something else."""

    change: Change
    executor: str


@dataclass(frozen=True)
class Listen:
    """To the listening process: what it takes away from the speakers is heard here from now on."""


@dataclass(frozen=True)
class InstantReady:
    """The instant path is warm, and follows the sound from now on."""


@dataclass(frozen=True)
class Phase:
    """What the process does from now on, in a few words."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A sentence for a person."""

    text: str


@dataclass(frozen=True)
class Progress:
    """Of a download: bytes done, of how many."""

    label: str
    done: int
    total: int


@dataclass(frozen=True)
class Traced:
    """The trace is written. `clock` is when it has its mark, as `time.perf_counter` says."""

    clock: float
