"""The transport of a session that plays files: orders for the feeder, and what is heard now.

Positions are those of what is heard, not of what is read: a session's latency lies between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from rtsep.errors import ConfigError
from rtsep.player.course import Course
from rtsep.player.feeder import Feeder
from rtsep.player.marks import FeedMarks
from rtsep.player.reel import Reel
from rtsep.player.stretch import checked_speed
from rtsep.status import TransportStatus

SHORTEST_LOOP = 0.05  # seconds
RESTART_SECONDS = 3.0  # later than that in a song, "previous" goes to its beginning


class FileTransport:
    """As `rtsep.mixer.transport.Transport`."""

    def __init__(
        self,
        reel: Reel,
        feeder: Feeder,
        marks: FeedMarks,
        heard: Callable[[], int],
        on_change: Callable[[], None],
    ) -> None:
        """`heard` is the position of the session that is heard next; `on_change` is told that
        another display may have to show something else."""
        self._reel, self._feeder, self._marks = reel, feeder, marks
        self._heard, self._on_change = heard, on_change

    @property
    def status(self) -> TransportStatus:
        reel, rate = self._reel, self._reel.rate
        number, place = self._here()
        course = reel.course
        ours = course.number == number
        length = reel.length(number)
        return TransportStatus(
            playing=not self._marks.paused[0],
            title=reel.title(number),
            song=number + 1,
            songs=reel.songs,
            position=min(place, length) / rate,
            length=length / rate,
            looping=ours and course.looping,
            loop_in=course.loop_in / rate if ours else 0.0,
            loop_out=(course.loop_out if ours and course.loop_out else length) / rate,
            speed=course.speed,
        )

    def play(self, on: bool) -> None:
        self._marks.paused[0] = not on
        self._on_change()

    def seek(self, seconds: float) -> None:
        place = self._samples(seconds)
        self._feeder.order(lambda course: self._checked(course.at(place)))

    def seek_part(self, part: float) -> None:
        self.seek(min(max(part, 0.0), 1.0) * self.status.length)

    def skip(self, seconds: float) -> None:
        by = self._samples(seconds)
        self._feeder.order(lambda course: self._checked(course.at(course.place + by)))

    def loop(self, on: bool) -> None:
        self._feeder.order(lambda course: replace(course, looping=on))

    def loop_in(self) -> None:
        number, place = self._here()

        def open_loop(course: Course) -> Course:
            if course.number != number:
                raise ConfigError("another song has begun meanwhile; press again")
            return replace(course, loop_in=place, loop_out=None, looping=False)

        self._feeder.order(open_loop)

    def loop_out(self) -> None:
        number, place = self._here()
        least = self._samples(SHORTEST_LOOP)

        def close(course: Course) -> Course:
            if course.number != number or place < course.loop_in + least:
                raise ConfigError(
                    f"a loop is at least {1000 * SHORTEST_LOOP:.0f} ms long: its end comes after "
                    f"its beginning at {course.loop_in / self._reel.rate:.1f} s"
                )
            return replace(course, loop_out=place, looping=True)

        self._feeder.order(close)

    def set_speed(self, speed: float) -> None:
        checked_speed(speed)
        self._feeder.order(lambda course: replace(course, speed=speed))

    def step(self, by: int) -> None:
        _, place = self._here()
        if by < 0 and place > RESTART_SECONDS * self._reel.rate:
            self._feeder.order(lambda course: course.at(0))
            return
        self._feeder.order(lambda course: self._neighbour(course, by))

    def _neighbour(self, course: Course, by: int) -> Course:
        number = self._reel.neighbour(course.number, by)
        if number is not None:
            return course.in_song(number)
        if by < 0:
            return course.at(0)
        raise ConfigError("this is the last song")

    def _checked(self, course: Course) -> Course:
        self._reel.check(course)
        return course

    def _here(self) -> tuple[int, int]:
        """Song and sample that are heard, or shall be as soon as something is heard again."""
        position = max(self._heard(), int(self._marks.silent_until[0]), 0)
        return self._reel.way.locate(self._marks.feed_at(position))

    def _samples(self, seconds: float) -> int:
        if not math.isfinite(seconds) or abs(seconds) > 1e6:
            raise ConfigError(f"a time of a song is a number of seconds, got {seconds}")
        return round(seconds * self._reel.rate)
