"""One profiled run: what was noted, and from it the way of every hop from its arrival to its turn.

A hop's stems begin `hop + lookahead` samples before the newest audio that it needs. That first
sample is followed: it arrives with one callback, the hop is complete with a later one, the engine
takes it, and a last callback plays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rtsep.config import StreamSpec
from rtsep.status import LiveStatus
from rtsep.timeline import STAGES, Rows

Seconds = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The machine at one moment; None is what it does not tell. `at` is of `time.perf_counter`."""

    at: float
    cpu_mhz: float | None  # mean over the processors
    gpu_mhz: float | None
    busy: float  # share of all processors since the moment before, by any program
    stolen: float  # the same, by other virtual machines


@dataclass(frozen=True, kw_only=True)
class Run:
    """Rows lie between `began` and the end of the run, after its first seconds.

    `delay` is from a sample's arrival to its turn, `withheld` what a rate converter keeps back, in
    samples of the session; `lost` are rows that nobody read in time.
    """

    status: LiveStatus
    executor: str
    precision: str
    spec: StreamSpec
    delay: int
    withheld: int
    began: float
    seconds: float
    callbacks: Rows
    hops: Rows
    collections: Rows
    wakings: Rows
    budget: float | None = None  # what a step may take if that was chosen together with the spec
    clocks: tuple[Clocks, ...] = ()
    lost: int = 0

    @property
    def rate(self) -> int:
        return self.status.sample_rate

    @cached_property
    def made(self) -> Rows:
        """The hops whose stems were made and whose way lies within the run from end to end."""
        hops: Rows = self.hops[~self.hops["skipped"]]
        heads = self.callbacks["head"]
        if len(heads):
            known = (self._first_sample(hops) >= heads[0]) & (self._turn(hops) < heads[-1])
        else:
            known = np.zeros(len(hops), np.bool_)
        made: Rows = hops[known]
        return made

    @cached_property
    def way(self) -> dict[str, Seconds]:
        """Seconds of every part of the way of `made`, in its order; `rest` is what they lack of the
        `total`, which is measured by itself."""
        hops = self.made
        first, last, turn = (
            self.callbacks[self._callback_with(position)]
            for position in (
                self._first_sample(hops),
                hops["end"] + self.withheld - 1,
                self._turn(hops),
            )
        )
        arrived = last["began"] + last["device_in"]
        total = turn["began"] + turn["device_in"] + turn["mix"] + turn["device_out"]
        total = total - first["began"]
        parts = {
            "collecting": last["began"] - first["began"],
            "device in": last["device_in"],
            "queue": hops["began"] - arrived,
            **{stage: hops["stages"][:, index] for index, stage in enumerate(STAGES)},
            "to ring": hops["ended"] - hops["stepped"],
            "waiting": turn["began"] + turn["device_in"] - hops["ended"],
            "mix": turn["mix"],
            "device out": turn["device_out"],
        }
        rest = total - np.sum(list(parts.values()), 0)
        return {**parts, "rest": rest, "total": total}

    @cached_property
    def answer(self) -> Seconds:
        """From the arrival of the last sample that a hop needs until its stems could be played."""
        last = self.callbacks[self._callback_with(self.made["end"] + self.withheld - 1)]
        answer: Seconds = self.made["ended"] - last["began"]
        return answer

    @property
    def jitter(self) -> Seconds:
        """By how much each callback came later (or earlier, below 0) after the one before than the
        samples of that one last."""
        rows = self.callbacks
        jitter: Seconds = np.diff(rows["began"]) - rows["samples"][:-1] / self.rate
        return jitter

    @property
    def in_callback(self) -> Seconds:
        """Seconds that each callback took."""
        rows = self.callbacks
        took: Seconds = rows["device_in"] + rows["mix"] + rows["device_out"]
        return took

    def _first_sample(self, hops: Rows) -> Any:
        """The position of the first sample that each hop gives stems of."""
        spec = self.spec
        return hops["end"] - (spec.hop + spec.lookahead) * self.rate // spec.sample_rate

    def _turn(self, hops: Rows) -> Any:
        """The input's position with which that sample is played."""
        return self._first_sample(hops) + self.delay

    def _callback_with(self, position: Any) -> Any:
        """The callback that brought each position's sample."""
        return np.searchsorted(self.callbacks["head"], position, side="right")
