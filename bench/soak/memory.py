"""Whether memory stays what it is. Sampled between sessions, when everything can be given back."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.report import Report

WARM_UP = 6  # sessions, in which everything was there at least once that stays
OBJECTS = 20_000  # blocks of Python's allocator, that there may be more of
MEBIBYTES = 48.0  # that may be resident more


def resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass
class Memory:
    """Of one process."""

    samples: list[tuple[int, float]] = field(default_factory=list)  # objects, MiB

    def sample(self, report: Report, where: str) -> None:
        """After a session. Raises Violation when there is more than after the warm-up."""
        gc.collect()
        self.samples.append((sys.getallocatedblocks(), round(resident_mebibytes(), 1)))
        if len(self.samples) <= WARM_UP:
            return
        objects, resident = self.samples[WARM_UP - 1]
        more = self.samples[-1][0] - objects, self.samples[-1][1] - resident
        report.check("memory flat: objects", max(more[0], 0), OBJECTS, lambda: where)
        report.check("memory flat: resident", max(more[1], 0.0), MEBIBYTES, lambda: where)
