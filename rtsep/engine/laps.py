"""Where the time of a step goes: marks between its stages, on the host or on a GPU.

The stages inside the network are marked by hooks of its modules, for those who ask: a network that
nobody watches is not slowed, and what is recorded or compiled stays the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from rtsep.model.htdemucs import HTDemucs
from rtsep.timeline import STAGES

Seconds = np.ndarray[Any, np.dtype[np.float64]]

COPY_IN, STFT, ENCODERS, TRANSFORMER, DECODERS, ISTFT, CROSSFADE, STEP, COPY_OUT = range(
    len(STAGES)
)


class Laps(Protocol):
    """A stopwatch for one step after the other."""

    @property
    def seconds(self) -> Seconds:
        """What each of `STAGES` took in the step that ended last; valid until the next begins."""
        ...

    def begin(self) -> None:
        """A step begins."""

    def begin_inside(self) -> None:
        """The network begins, or its recording does."""

    def end_inside(self, stage: int) -> None:
        """A stage of the network ends."""

    def end(self, stage: int) -> None:
        """A stage around the network ends. What of STEP was marked inside does not count to it, and
        what then remains is the crossfade."""


class HostLaps:
    """For devices that have computed when a call returns."""

    def __init__(self) -> None:
        self.seconds: Seconds = np.zeros(len(STAGES))
        self._last = 0.0
        self._inside = False

    def begin(self) -> None:
        self.seconds[:] = 0
        self._inside = False
        self._last = time.perf_counter()

    def begin_inside(self) -> None:
        self._inside = False

    def end_inside(self, stage: int) -> None:
        self._inside = True
        self._add(stage)

    def end(self, stage: int) -> None:
        self._add(CROSSFADE if stage == STEP and self._inside else stage)

    def _add(self, stage: int) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self._last
        self._last = now


class CudaLaps:
    """Marks in the stream of a GPU, which runs behind the host; read when a step has come down.

    A graph records the marks inside of it like all else, and sets them anew in every replay. The
    events are made once, in the order in which a step passes them.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._begin = self._event()
        self._around = {stage: self._event() for stage in (COPY_IN, STEP, COPY_OUT)}
        self._inside: list[tuple[int, torch.cuda.Event]] = []
        self._marked = 0  # how many of those the running computation has set

    def begin(self) -> None:
        self._set(self._begin)

    def begin_inside(self) -> None:
        self._marked = 0

    def end_inside(self, stage: int) -> None:
        if self._marked == len(self._inside):
            self._inside.append((stage, self._event()))
        self._set(self._inside[self._marked][1])
        self._marked += 1

    def end(self, stage: int) -> None:
        self._set(self._around[stage])

    @property
    def seconds(self) -> Seconds:
        self._around[COPY_OUT].synchronize()
        marks = [(COPY_IN, self._around[COPY_IN]), *self._inside]
        marks.append((CROSSFADE if self._inside else STEP, self._around[STEP]))
        marks.append((COPY_OUT, self._around[COPY_OUT]))
        seconds, last = np.zeros(len(STAGES)), self._begin
        for stage, event in marks:
            seconds[stage] += last.elapsed_time(event) / 1000
            last = event
        return seconds

    def _set(self, event: torch.cuda.Event) -> None:
        event.record(torch.cuda.current_stream(self._device))

    def _event(self) -> torch.cuda.Event:
        # "external" lets an event inside of a graph be read after the graph has run.
        return torch.cuda.Event(enable_timing=True, external=True)  # type: ignore[no-untyped-call]


def new_laps(device: torch.device) -> Laps:
    return CudaLaps(device) if device.type == "cuda" else HostLaps()


def watch(network: nn.Module, laps: Laps) -> None:
    """From now on, mark the stages inside of every HTDemucs of a network.

    The STFT lasts until the network begins to look at it, and comprises what happens to the window
    before; of a bag, what lies between two networks counts to the ISTFT of the first.
    """
    nets = [module for module in network.modules() if isinstance(module, HTDemucs)]
    for net in nets:
        for module, stage in (
            (net.standardize_spec, STFT if net is nets[0] else ISTFT),
            (net.cross, ENCODERS),
            (net.freq_decoder, TRANSFORMER),
            (net.istft, DECODERS),
        ):
            module.register_forward_pre_hook(_marker(laps, stage))
        net.istft.register_forward_hook(_marker(laps, ISTFT))


def _marker(laps: Laps, stage: int) -> Callable[..., None]:
    def mark(*_: Any) -> None:
        laps.end_inside(stage)

    return mark
