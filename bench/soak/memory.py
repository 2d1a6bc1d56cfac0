"""Whether memory stays what it is. Sampled between sessions, when everything can be given back."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.report import Report

WARM_UP = 6  # sessions, in which everything was there at least once that stays
BLOCKS = 20_000  # of Python's allocator, that may be more
MEBIBYTES = 48.0


def resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass
class Memory:
    samples: list[tuple[int, float]] = field(default_factory=list)  # blocks, MiB resident

    def sample(self, report: Report, where: str) -> None:
        gc.collect()
        self.samples.append((sys.getallocatedblocks(), round(resident_mebibytes(), 1)))
        if len(self.samples) <= WARM_UP:
            return
        blocks, resident = self.samples[WARM_UP - 1]
        more_blocks = self.samples[-1][0] - blocks
        more_resident = self.samples[-1][1] - resident
        report.check("memory flat: objects", max(more_blocks, 0), BLOCKS, lambda: where)
        report.check("memory flat: resident", max(more_resident, 0.0), MEBIBYTES, lambda: where)
