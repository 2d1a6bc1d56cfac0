"""A trace of some steps by PyTorch's own profiler, in the format of Chrome and Perfetto."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from rtsep.atomic import write_atomically
from rtsep.timeline import CLOCK_MARK, TRACED_STEPS, UNTRACED_STEPS


class Tracing:
    """Traces the engine between two of its steps, once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        self._profiler = profile(activities=activities)
        self._began: int | None = None  # the step
        self._done = False
        self.clock = 0.0  # when the trace has its mark

    def look(self, steps: int) -> bool:
        """To be called between steps, with how many there have been; true once it is written."""
        if self._done or steps < UNTRACED_STEPS:
            return False
        if self._began is None:
            self._began = steps
            self._profiler.start()
            with record_function(CLOCK_MARK):
                self.clock = time.perf_counter()
        elif steps >= self._began + TRACED_STEPS:
            self._profiler.stop()
            write_atomically(
                self._path, lambda partial: self._profiler.export_chrome_trace(str(partial))
            )
            self._done = True
        return self._done
