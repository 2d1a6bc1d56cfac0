"""What else the machine does: other programs, the host of a virtual machine, memory."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import psutil

from rtsep.doctor.outcome import Outcome, advise, ok, problem
from rtsep.machine import processor_features
from rtsep.processor_time import time_shares

_LOOK_SECONDS = 0.5
_MUCH = 0.25  # of one core, by all other programs together
_STOLEN = 0.01  # of the processors' time
_WORTH_NAMING = 0.05  # of a core
_LEAST_BYTES, _GOOD_BYTES = 1 << 30, 2 << 30  # a session keeps 0.6, compiling a step takes 1 more


@dataclass(frozen=True, kw_only=True)
class Load:
    """Over half a second in which rtsep did nothing. Shares are of one core; stolen ones of all
    processors' time."""

    programs: dict[str, float]  # "name (pid)", the busiest first
    stolen: float | None  # None where the system does not count it
    stolen_before: float | None  # since the machine was started

    @property
    def others(self) -> float:
        return sum(self.programs.values())


def measure() -> Load:
    before, times = _used(), psutil.cpu_times()
    time.sleep(_LOOK_SECONDS)
    after, later = _used(), psutil.cpu_times()
    shares = {who: (after[who] - before.get(who, after[who])) / _LOOK_SECONDS for who in after}
    busy = sorted(((share, who) for who, share in shares.items() if share > 0), reverse=True)
    return Load(
        programs={who: round(share, 3) for share, who in busy},
        stolen=time_shares(times, later).get("steal"),
        stolen_before=time_shares(None, times).get("steal"),
    )


def programs(load: Load) -> Outcome:
    """Whether others want the processor too."""
    named = [f"{who} {share:.0%}" for who, share in load.programs.items() if share > _WORTH_NAMING]
    told = f"{load.others:.0%} of a core{': ' if named else ''}{', '.join(named[:3])}"
    if load.others < _MUCH:
        return ok(told)
    return advise(
        told,
        "end what is not needed, synchronizing, updates and browsers first",
        "every core that they keep busy makes steps slower, and the slowest ones decide the budget",
    )


def stolen(load: Load) -> Outcome | None:
    """Whether this is a virtual machine whose host takes processors away."""
    if load.stolen is None or load.stolen_before is None:
        return None
    virtual = "hypervisor" in processor_features()
    if not virtual and not load.stolen_before:
        return ok("no virtual machine")
    told = f"{load.stolen:.1%} of the time now, {load.stolen_before:.1%} since the start"
    if max(load.stolen, load.stolen_before) < _STOLEN:
        return ok(f"a virtual machine; its host took {told}")
    return advise(
        f"the host of this virtual machine took {told}",
        "play on a machine of your own; or have these processors reserved for it",
        "some 13 xruns for every second taken (README)",
    )


def memory(available: int, total: int) -> Outcome:
    told = f"{available / 1e9:.1f} of {total / 1e9:.1f} GB free"
    if available >= _GOOD_BYTES:
        return ok(told)
    advice = "end programs that keep much memory, browsers first"
    if available >= _LEAST_BYTES:
        return advise(
            told, advice, "a session keeps 0.6 GB, and compiling its step takes 1 GB more"
        )
    return problem(told, advice, "a session keeps 0.6 GB, and loading it takes more")


def free_memory() -> Outcome:
    found = psutil.virtual_memory()
    return memory(found.available, found.total)


def _used() -> dict[str, float]:
    """Processor seconds of every program but this one."""
    found = {}
    for process in psutil.process_iter(["name", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None and process.pid not in (os.getpid(), 0):  # 0 idles, on Windows
            found[f"{process.info['name']} ({process.pid})"] = times.user + times.system
    return found
