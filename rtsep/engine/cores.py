"""How many threads compute a step: as many as there are processors that other programs leave free.

The threads of a step wait for each other many hundred times. One that shares its processor with
another program makes all of them as late as itself, so that two threads on a processor and a half
take longer than one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import torch

LOOK_SECONDS = 0.5  # between two looks, long enough for the system's clock ticks
STALE_SECONDS = 10.0  # after which a look says nothing about now
TAKEN, FREE = 0.6, 0.3  # of a core: what others must use to be left one, and to get it back


@dataclass(frozen=True)
class Usage:
    """Processor time since some beginning, in seconds: of everybody, and of this process."""

    at: float
    everybody: float
    ours: float


class Cores:
    """Looks at what other programs use, now and then, and decides."""

    def __init__(self, usage: Callable[[], Usage] | None = None) -> None:
        self._usage = usage or _Reader().read
        self._before = self._usage()
        self._taken = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Meanwhile this thread's operations leave others what they use; then as before."""
        most = torch.get_num_threads()
        threads = max(most - self.taken(), 1)
        if threads == most:
            yield
            return
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(most)

    def taken(self) -> int:
        """Cores that are others' at present; looks anew at most every `LOOK_SECONDS`."""
        if time.monotonic() - self._before.at < LOOK_SECONDS:
            return self._taken
        before, self._before = self._before, self._usage()
        seconds = self._before.at - before.at
        if seconds < STALE_SECONDS:
            total = self._before.everybody - before.everybody
            others = (total - (self._before.ours - before.ours)) / seconds
            self._taken = _whole(others, self._taken)
        return self._taken


def _whole(used: float, before: int) -> int:
    """Cores, in whole numbers that do not waver."""
    while used > before + TAKEN:
        before += 1
    while before and used < before - 1 + FREE:
        before -= 1
    return before


class _Reader:
    """Reads what the system has counted for the processors that this process may use."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        affinity = getattr(self._process, "cpu_affinity", None)  # not on macOS
        self._usable = affinity() if affinity else None

    def read(self) -> Usage:
        times = psutil.cpu_times(percpu=True)
        if self._usable is not None and max(self._usable) < len(times):
            times = [times[number] for number in self._usable]
        ours = self._process.cpu_times()
        names = ("user", "nice", "system", "irq", "softirq")
        busy = sum(getattr(cpu, name, 0.0) for cpu in times for name in names)
        return Usage(at=time.monotonic(), everybody=busy, ours=ours.user + ours.system)
