"""When stems may be missing, and on which path; what is left of a write that broke off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from bench.soak.paths import FULL, INSTANT
from rtsep.ring.ring import Ring

if TYPE_CHECKING:
    from bench.soak.studio import Studio


@contextmanager
def trouble(
    studio: Studio, extra_hops: int = 0, paths: tuple[int, ...] = (FULL, INSTANT)
) -> Iterator[None]:
    """Meanwhile, and so long afterwards, stems may be missing on these paths."""
    for path in paths:
        studio.excused[path] += 1
    try:
        yield
    finally:
        until = studio.frames + studio.recovery.samples(extra_hops)
        for path in paths:
            studio.excused[path] -= 1
            studio.excused_until[path] = max(studio.excused_until[path], until)


def engine_trouble(studio: Studio, extra_hops: int = 0) -> AbstractContextManager[None]:
    """The instant path lacks nothing then."""
    return trouble(studio, extra_hops, (FULL,))


def instant_trouble(studio: Studio) -> AbstractContextManager[None]:
    """The full path lacks nothing then."""
    return trouble(studio, 0, (INSTANT,))


def half_written(ring: Ring, claimed: int) -> None:
    ring._marks[2] = ring.head + claimed
    for channel in ring._data:
        channel[(ring.head + np.arange(claimed // 2)) % ring.capacity] = np.nan
