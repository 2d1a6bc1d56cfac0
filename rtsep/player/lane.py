"""The way of a file's samples into a session."""

from __future__ import annotations

from typing import Any, NamedTuple

from rtsep.player.marks import FeedMarks
from rtsep.ring.ring import Ring


class Lane(NamedTuple):
    """Where samples go. `stems` get the rows of a stem file behind its first two; `counters` are
    those of the session."""

    ring: Ring
    stems: Ring | None
    counters: Any
    marks: FeedMarks
    rate: int
    longest_block: int = 0
