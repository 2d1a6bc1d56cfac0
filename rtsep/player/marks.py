"""What the feeder and the audio callback say to each other besides audio, in shared memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rtsep.ring.arena import Arena
from rtsep.ring.records import Records, Rows
from rtsep.ring.ring import fence

JOINT = np.dtype([("position", np.int64), ("feed", np.int64)])
SILENT = -1  # of the feed: nothing was there
_KEPT, _LOOKED_AT = 1 << 12, 256
_NUMBER, _AT, _TO, _QUIET = range(4)


class Cut(NamedTuple):
    """Where the feed is read up to, and where on from there. A `quiet` one is done at once, and
    nothing is heard until it is."""

    number: int
    at: int
    to: int
    quiet: bool


class FeedMarks:
    """Each has one writer."""

    def __init__(self, arena: Arena) -> None:
        # written by the main process
        self.paused = arena.take(1, np.bool_)
        self._cut = arena.take(4, np.int64)
        # written by the audio process
        self.done = arena.take(1, np.int64)  # the number of the newest cut that was seen to,
        self.missed = arena.take(1, np.int64)  # and of the newest that came too late
        self.silent_until = arena.take(1, np.int64)  # a position of the session; 0 is none
        self._joints = Records(arena, JOINT, _KEPT)

    @property
    def cut(self) -> Cut:
        """The newest one."""
        number = int(self._cut[_NUMBER])
        fence()
        return Cut(number, int(self._cut[_AT]), int(self._cut[_TO]), bool(self._cut[_QUIET]))

    def order(self, cut: Cut) -> None:
        """To be called when the one before is done."""
        self._cut[_AT], self._cut[_TO], self._cut[_QUIET] = cut.at, cut.to, cut.quiet
        fence()
        self._cut[_NUMBER] = cut.number

    def join(self, position: int, feed: int) -> None:
        """From that position of the session on, what is heard lies there in the feed, or is
        SILENT."""
        self._joints.add(position, feed)

    def joints(self) -> Rows:
        """The newest, in their order."""
        return self._joints.read(max(self._joints.head - _LOOKED_AT, 0))[0]

    def feed_at(self, position: int) -> int:
        """What of the feed lies at a position of the session; in silence, where it goes on."""
        start, feed, stop = 0, 0, position
        for at, to in self.joints().tolist():
            if at > position:
                break
            if to == SILENT:
                stop = at
            else:
                start, feed, stop = at, to, position
        return int(feed + stop - start)

    def end_of(self, feed: int) -> int | None:
        """The position of the session that a place of the feed has, or will have."""
        for joint in self.joints()[::-1]:
            if joint["feed"] != SILENT:
                return int(joint["position"]) + feed - int(joint["feed"])
        return None
