"""What a machine tells of its processors' clocks while something runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from rtsep.processor_time import time_shares
from rtsep.report.profile.run import Clocks


class ClockReader:
    """Reads them one time after the other; shares of time are of what passed in between."""

    def __init__(self, gpu: int | None) -> None:
        """`gpu` is the index of the card to read, if one is used."""
        self._times = psutil.cpu_times()
        self._gpu_mhz = _gpu_clock(gpu) if gpu is not None else lambda: None

    def read(self) -> Clocks:
        before, self._times = self._times, psutil.cpu_times()
        spent = time_shares(before, self._times)
        stolen = spent.get("steal", 0.0)
        return Clocks(
            at=time.perf_counter(),
            cpu_mhz=_cpu_mhz(),
            gpu_mhz=self._gpu_mhz(),
            busy=1 - (spent["idle"] + spent.get("iowait", 0.0) + stolen),
            stolen=stolen,
        )


def _cpu_mhz() -> float | None:
    with suppress(OSError, NotImplementedError, RuntimeError):
        clocks = psutil.cpu_freq(percpu=True) or []
        if clocks and all(clock.current for clock in clocks):
            return float(sum(clock.current for clock in clocks) / len(clocks))
    return None


def _gpu_clock(index: int) -> Callable[[], float | None]:
    """Reads the card's shader clock where NVIDIA's library and its Python module are installed."""
    try:
        import pynvml

        pynvml.nvmlInit()
        card: Any = pynvml.nvmlDeviceGetHandleByIndex(index)
    except Exception:  # no module, no driver, no such card: there is nothing to read then
        return lambda: None

    def read() -> float | None:
        try:
            return float(pynvml.nvmlDeviceGetClockInfo(card, pynvml.NVML_CLOCK_SM))
        except pynvml.NVMLError:
            return None

    return read
