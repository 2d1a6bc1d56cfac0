"""What another process does to shared memory in a test. Imports little, as it is imported there."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from rtsep.mixer.conceal import BINS, Ratios
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Ring


def counting(start: int, stop: int) -> np.ndarray:
    """Samples that say their position; the second channel is its negative."""
    positions = np.arange(start, stop, dtype=np.float32)
    return np.stack([positions, -positions])


def write_for_a_while(buffer: Any, capacity: int, seconds: float) -> None:
    """A ring: laps and gaps, as fast as they come."""
    ring, end, number = Ring(Arena(buffer), 2, capacity), time.monotonic() + seconds, 0
    while time.monotonic() < end and ring.head < 1 << 23:  # float32 counts exactly so far
        number += 1
        size = number * 37 % 300
        if number % 50 == 0:
            ring.skip_to(ring.head + size)
        else:
            ring.write(counting(ring.head, ring.head + size))


def publish_for_a_while(buffer: Any, seconds: float) -> None:
    """Shares that are all the same number, a new one each time."""
    ratios, value, end = Ratios(Arena(buffer), 4), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        value += 1
        ratios.publish(np.full((4, BINS), value, np.float32))
