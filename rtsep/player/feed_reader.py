"""The feed as the audio callback reads it: straight on, or from a cut to where it leads.

No lock, nothing that waits, nothing that is allocated.
"""

from __future__ import annotations

from typing import Any

from rtsep.player.marks import SILENT, FeedMarks
from rtsep.ring.ring import Audio, Ring

_EVERYTHING = 1 << 62
_UNKNOWN, _NOTHING = _EVERYTHING, -_EVERYTHING  # in place of an offset


class FeedReader:
    """Goes on where its predecessor, if there was one, stopped."""

    def __init__(self, feed: Ring, counters: Any, marks: FeedMarks) -> None:
        """`counters` are those of the session."""
        self._feed, self._counters, self._marks = feed, counters, marks
        self._offset = _UNKNOWN  # from the feed to the session

    @property
    def paused(self) -> bool:
        """Whether time shall stand still."""
        return bool(self._marks.paused[0])

    def is_hushed(self, heard: int) -> bool:
        """Whether nothing shall be heard when that position of the session is."""
        until = self._marks.silent_until[0]
        return self.paused or bool(until and heard < until)

    def rest(self, position: int) -> None:
        """In a pause: a cut that is quiet is done all the same."""
        self._look(position)

    def fetch(self, position: int, out: Audio) -> None:
        """Fill (channels, n) for the session's position. What has not come yet is waited for in
        silence."""
        at, count, counters = 0, out.shape[1], self._counters
        while at < count:
            here = self._look(position + at)
            played = int(counters.feed_position[0])
            ready = min(self._feed.head, here) - played
            if ready <= 0:
                break
            ready = min(ready, count - at)
            self._feed.read_into(played, out[:, at : at + ready])
            self._join(position + at, played)
            counters.feed_position[0] = played + ready
            at += ready
        if at < count:
            self._starve(position + at, out[:, at:])

    def _look(self, position: int) -> int:
        """How far the feed may be read; a cut that is due is done."""
        marks, played = self._marks, int(self._counters.feed_position[0])
        cut = marks.cut
        if cut.number == marks.done[0]:
            return _EVERYTHING
        if not cut.quiet and played < cut.at:
            return cut.at
        if cut.quiet or played == cut.at:
            self._counters.feed_position[0] = cut.to
            if cut.quiet:
                self._join(position, cut.to)
                marks.silent_until[0] = position
        else:
            marks.missed[0] = cut.number
        marks.done[0] = cut.number
        return _EVERYTHING

    def _join(self, position: int, feed: int) -> None:
        if self._offset != position - feed:
            self._offset = position - feed
            self._marks.join(position, feed)

    def _starve(self, position: int, out: Audio) -> None:
        out[...] = 0
        if self._offset != _NOTHING:
            self._offset = _NOTHING
            self._marks.join(position, SILENT)
        if not self._counters.feed_ended[0]:
            self._counters.starved[0] += out.shape[1]
