"""What a swap would play on, and what there is to choose from: asked in processes of their own,
which see the devices of this moment and give way to everything that makes sound."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace

from rtsep.audio.computer import APP, OURS
from rtsep.audio.devices import JACK, Device, list_devices
from rtsep.audio.routes import Route, apart
from rtsep.control.ends import Choices, End, Swap
from rtsep.errors import ConfigError, RtsepError
from rtsep.live_session.devices import SoundCards, find_device
from rtsep.live_session.messages import AudioRequest, DeviceReady
from rtsep.processes.questions import Failure, Question, Round, ask
from rtsep.sound_servers.pipewire_jack import use_pipewire
from rtsep.sound_servers.pipewire_tools import asked

_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The devices of both directions, without one none, and which of their channels are wanted."""

    input: Device | None = None
    input_channels: tuple[int, ...] = ()
    output: Device | None = None
    routes: tuple[Route, ...] = ()

    @property
    def devices(self) -> tuple[Device, ...]:
        return tuple(each for each in (self.input, self.output) if each)


def swapped(request: AudioRequest, now: DeviceReady, swap: Swap) -> AudioRequest:
    """The request after a swap of what is open `now`. What is not swapped is the same device, even
    if its name means another one by now; another input begins with its first channels."""
    request = replace(
        request,
        input=request.input and now.input,
        output=request.output and now.output,
    )
    if swap.input is not None:
        request = replace(request, input=swap.input, input_channels=None)
    if swap.input_channels is not None:
        request = replace(request, input_channels=swap.input_channels or None)
    if swap.output is not None:
        request = replace(request, output=swap.output)
    if swap.routes is not None:
        routes, cue = apart(swap.routes)
        request = replace(request, routes=routes, cue=cue)
    return request


def find(request: AudioRequest, ours: str) -> Sides:
    """Raises ConfigError for names, channels and routes that mean nothing or too much. `ours` is
    the session's name on a JACK server."""
    question = Question(__name__, found.__name__, (request, ours))
    answer = ask(Round({"devices": question}, _SECONDS, gently=True))["devices"]
    if isinstance(answer, Failure):
        raise ConfigError(answer.reason)
    assert isinstance(answer, Sides)
    return answer


def choices(pipewire: bool, ours: str, *, jack: bool = False) -> Choices:
    """Without the session itself; of devices only those of `jack`, if that is needed. Raises
    RtsepError where nobody answers."""
    question = Question(__name__, listed.__name__, (pipewire, ours, jack))
    answer = ask(Round({"devices": question}, _SECONDS, gently=True))["devices"]
    if isinstance(answer, Failure):
        raise RtsepError(f"sound devices cannot be listed: {answer.reason}")
    assert isinstance(answer, Choices)
    return replace(answer, inputs=(*answer.inputs, *_programs()))


def found(request: AudioRequest, ours: str) -> Sides:
    """As `find`, in the process that answers."""
    cards = find_device(request)
    if not isinstance(cards, SoundCards):
        return Sides()
    inlet, outlet = cards.check()
    for end in (inlet, outlet):
        if end and _is_ours(end.device, ours):
            raise ConfigError(f"rtsep would hear itself: {end.device.label} is this session")
    return Sides(
        input=inlet.device if inlet else None,
        input_channels=inlet.channels if inlet else (),
        output=outlet.device if outlet else None,
        routes=outlet.routes if outlet else (),
    )


def listed(pipewire: bool, ours: str, jack: bool) -> Choices:
    """As `choices`, in the process that answers."""
    if pipewire:
        use_pipewire()
    there = [
        device
        for device in list_devices()
        if not _is_ours(device, ours) and not device.name.startswith(OURS)
        if device.host_api == JACK or not jack
    ]
    return Choices(
        inputs=tuple(End(name=d.label, channels=d.inputs) for d in there if d.inputs),
        outputs=tuple(End(name=d.label, channels=d.outputs) for d in there if d.outputs),
    )


def _is_ours(device: Device, ours: str) -> bool:
    return device.host_api == JACK and device.name == ours


def _programs() -> tuple[End, ...]:
    """What plays to PipeWire, where that is asked by its program."""
    if shutil.which("pw-dump") is None:
        return ()
    with suppress(OSError, subprocess.SubprocessError):
        names = dict.fromkeys(program.name for program in asked().programs)
        return tuple(End(name=f"{APP}{name}", channels=2) for name in names)
    return ()
