"""What is played, sample after sample: songs, loops, at the speed that is wanted.

Knows neither rings nor times: it is asked for the next samples, and told where they will lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from rtsep.closing import Closing
from rtsep.errors import UsageError
from rtsep.files.sources import SourceBlocks
from rtsep.player.course import FADE, Course
from rtsep.player.kept import KeptSong
from rtsep.player.stretch import Stretch
from rtsep.player.way import Span, Way
from rtsep.ring.ring import Audio

BLOCK = 4096  # samples that are read at once


class Reading(Protocol):
    """What a feeder feeds."""

    def read(self, feed: int) -> Audio | None:
        """The next samples, (rows, n), which will lie there in the feed; None at the end."""
        ...

    def close(self) -> None: ...


class Straight:
    """Blocks of whoever makes them, from the first to the last."""

    def __init__(self, blocks: Iterator[Audio]) -> None:
        self._blocks = blocks

    def read(self, feed: int) -> Audio | None:
        return next(self._blocks, None)

    def close(self) -> None:
        """Nothing to do."""


class Reel(Closing):
    """The songs of a source. One thread only, but for `way` and `course`, which others may read."""

    def __init__(
        self,
        source: SourceBlocks,
        rate: int,
        on_event: Callable[[str], object],
        *,
        stems: bool = False,
    ) -> None:
        """Raises UsageError where the first song that could be read can be read no longer."""
        self.way = Way()
        self.rate = rate
        self._source, self._on_event, self._stems = source, on_event, stems
        self.course = Course()
        self._songs: dict[int, KeptSong] = {}  # that are open
        first = self._readable(0, 1)
        self.go(Course(number=0 if first is None else first), 0)
        self.song = self._song(self.course.number)

    def go(self, course: Course, feed: int) -> None:
        """Go on there; the next samples will lie at that place of the feed."""
        self._songs = self._kept_songs(course.number)
        self.course, self._origin, self._pushed = course, feed, 0
        self.song = self._song(course.number)
        self._stretch: Stretch | None = None
        if course.speed != 1:
            self._stretch = Stretch(self.song.rows, self.rate, course.speed)
        self._tell_way()

    def read(self, feed: int) -> Audio | None:
        while True:
            block = self._next()
            if self._stretch is None:
                return block
            if block is None:
                rest, self._stretch = self._stretch.end(), None
                return rest if rest.shape[1] else None
            stretched = self._stretch(block)
            if stretched.shape[1]:
                return stretched

    def neighbour(self, number: int, by: int) -> int | None:
        """The next song, or with -1 the one before, that can be read; None where there is none."""
        return self._readable(number + by, by)

    def is_ready(self, course: Course) -> bool:
        """Whether it can go on there at once, without reading what lies before it."""
        return self._song(course.number).is_ready(course.place)

    def advance(self, course: Course | None = None) -> bool:
        """Read a piece ahead, of that song or the present one; false where there is none."""
        if course is not None:
            return self._song(course.number).advance(course.place)
        return self.song.advance()

    def check(self, course: Course) -> None:
        """Raises ConfigError for a place that cannot be gone to."""
        self._song(course.number).check(course.place)

    def length(self, number: int) -> int:
        """Samples of a song; of one that is not open, 0."""
        song = self._songs.get(number)
        return song.samples if song else 0

    def title(self, number: int) -> str:
        return self._source.title(number)

    @property
    def songs(self) -> int:
        return len(self._source.songs)

    def close(self) -> None:
        for song in self._songs.values():
            song.close()

    def _next(self) -> Audio | None:
        """The next piece of songs and loops, without a seam inside."""
        for _ in range(3):  # at the end of a loop or a song, from its beginning
            course = self.course
            stop = course.loop_out if course.looping else None
            if stop is not None and course.place >= stop:
                return self._turn(stop)
            count = BLOCK if stop is None else min(BLOCK, stop - course.place)
            block = self.song.read(course.place, count)
            if block.shape[1]:
                return self._passed(block)
            if course.looping and course.place > course.loop_in:
                return self._turn(course.place)
            following = self._following()
            if following is None:
                return None
            self._enter(course.in_song(following))
        return None

    def _turn(self, end: int) -> Audio:
        """From the end of a loop to its beginning, over which what would have come fades out."""
        tail = self.song.read(end, FADE)
        self._enter(self.course.at(self.course.loop_in))
        stop = end if self.course.loop_out is None else self.course.loop_out
        block = self.song.read(self.course.place, min(BLOCK, stop - self.course.place))
        return self._passed(crossfaded(tail, block) if tail.shape[1] else block)

    def _passed(self, block: Audio) -> Audio:
        self.course = self.course.at(self.course.place + block.shape[1])
        self._pushed += block.shape[1]
        return block

    def _enter(self, course: Course) -> None:
        if course.number != self.course.number:
            self._songs = self._kept_songs(course.number)
        self.course, self.song = course, self._song(course.number)
        self._tell_way()

    def _tell_way(self) -> None:
        course = self.course
        feed = self._origin + round(self._pushed / course.speed)
        self.way.add(Span(feed, course.number, course.place, course.speed))

    def _following(self) -> int | None:
        """The song after this one, of a list that is looped after the last the first."""
        following = self._readable(self.course.number + 1, 1)
        return self._readable(0, 1) if following is None and self._source.loop else following

    def _readable(self, number: int, by: int) -> int | None:
        """From that one on. What cannot be read is left out, and told."""
        while 0 <= number < self.songs:
            try:
                self._song(number)
            except UsageError as error:
                self._on_event(f"left out: {error}")
                number += by
            else:
                return number
        return None

    def _song(self, number: int) -> KeptSong:
        """Open, at its beginning unless it was open."""
        if number not in self._songs:
            song = self._source.open(number, self.rate, stems=self._stems)
            self._songs[number] = KeptSong(song, self.title(number), self.rate, self._on_event)
        return self._songs[number]

    def _kept_songs(self, number: int) -> dict[int, KeptSong]:
        """Those around a song: it may go back there soon."""
        near = {n: song for n, song in self._songs.items() if abs(n - number) <= 1}
        for n, song in self._songs.items():
            if n not in near:
                song.close()
        return near


def crossfaded(old: Audio, new: Audio) -> Audio:
    """`new`, over whose beginning `old` fades out; what is missing of it is silence."""
    count = min(FADE, new.shape[1])
    faded: Audio = np.array(new, np.float32)
    down = np.arange(FADE, FADE - count, -1, dtype=np.float32) / (FADE + 1)
    before: Audio = np.zeros((new.shape[0], count), np.float32)
    known = min(old.shape[1], count)
    before[:, :known] = old[:, :known]
    faded[:, :count] += down * (before - faded[:, :count])
    return faded
