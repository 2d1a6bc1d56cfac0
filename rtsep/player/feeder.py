"""A file, or the demo song, as the input of a live session: read ahead, on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from rtsep.errors import UsageError
from rtsep.player.course import FADE, Course, Order
from rtsep.player.lane import Lane
from rtsep.player.marks import Cut
from rtsep.player.reel import Reading, Reel, crossfaded
from rtsep.ring.ring import Audio

AHEAD_SECONDS = 2.0
_PAUSE_SECONDS = 0.05
_BUSY_SECONDS = 0.003  # between two looks at a cut that is not done yet
_MARGIN_SECONDS = 0.04  # from an order to the cut: in which what comes behind it is read
_FIRST_SECONDS = 0.25  # that lie behind a cut before the reader is told of it
_KEEPING_SECONDS = 0.01  # in each pause, to read ahead for jumps


class Feeder:
    """Keeps the feed ring filled ahead of what has been played, and cuts where orders want it to go
    on elsewhere."""

    def __init__(
        self,
        reading: Reading,
        lane: Lane,
        refuse: Callable[[str], object] = lambda text: None,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        """`refuse` hears why an order was not followed, `on_change` that some were."""
        self._reading, self._lane = reading, lane
        self._refuse, self._on_change = refuse, on_change
        self._ahead = int(AHEAD_SECONDS * lane.rate)
        self._margin = int(_MARGIN_SECONDS * lane.rate) + lane.longest_block
        self._orders: deque[Order] = deque()
        self._pending: tuple[Cut, list[Order]] | None = None
        self._number = 0
        self._missed = False  # the reader went on before it heard of the newest cut
        self._ended, self._woken = threading.Event(), threading.Event()
        self.fill()  # before anything is played
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._reading.close()

    @property
    def settled(self) -> bool:
        """Whether every order has been followed."""
        return not self._orders and self._pending is None

    def order(self, order: Order) -> None:
        """To be followed as soon as can be, after those before it. Any thread may call."""
        self._orders.append(order)
        self._woken.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self.fill()
            if isinstance(self._reading, Reel):
                self._follow(self._reading)
            self._woken.wait(_PAUSE_SECONDS if self.settled else _BUSY_SECONDS)
            self._woken.clear()

    def fill(self) -> None:
        lane, until = self._lane, self._until()
        while not lane.counters.feed_ended[0] and lane.ring.head < until:
            block = self._reading.read(lane.ring.head)
            if block is None:
                lane.counters.feed_ended[0] = True
                return
            self._write(block)

    def _until(self) -> int:
        """How far to read ahead: before a cut is done less, since what lies before it is still in
        the ring too."""
        if self._pending:
            return self._pending[0].to + self._ahead // 4
        return int(self._lane.counters.feed_position[0]) + self._ahead

    def _write(self, rows: Audio) -> None:
        if self._lane.stems is not None:  # first: who hears of the others reads these too
            self._lane.stems.write(rows[2:])
        self._lane.ring.write(rows[:2])

    def _follow(self, reel: Reel) -> None:
        """One cut after the other; between them, and while there is none, read ahead."""
        if self._pending and self._lane.marks.done[0] == self._pending[0].number:
            cut, orders = self._pending
            self._pending = None
            self._missed = bool(self._lane.marks.missed[0] == cut.number)
            if self._missed:
                self._orders.extendleft(reversed(orders))
        wanted = None
        if self._pending is None and self._orders:
            wanted = self._cut(reel)
        end = time.monotonic() + _KEEPING_SECONDS
        while time.monotonic() < end and reel.advance(wanted):
            pass

    def _cut(self, reel: Reel) -> Course | None:
        """Go on as the orders want it, unless first that must be read which is then returned."""
        lane, quiet = self._lane, bool(self._lane.marks.paused[0])
        played, head = int(lane.counters.feed_position[0]), lane.ring.head
        at = played if quiet else max(min(played + self._margin, head), played)
        number, place = reel.way.locate(at)
        before = self._at(reel.course, number, place)
        after, orders = self._obeyed(before)
        if orders and not reel.is_ready(after):
            return after
        for _ in orders:
            self._orders.popleft()
        if after == before and not self._missed:
            return None
        reel.go(after, head)
        lane.counters.feed_ended[0] = False
        block = self._beginning(reel, head)
        if not quiet and not _goes_on(before, after):
            block = crossfaded(self._old(at, block.shape[0]), block)
        self._write(block)
        self._number += 1
        cut = Cut(self._number, at, head, quiet)
        self._pending = cut, orders
        lane.marks.order(cut)
        self._on_change()
        return None

    def _at(self, course: Course, number: int, place: int) -> Course:
        """Where the reader will be; of another song than that which is read ahead, no loop."""
        return (course if number == course.number else course.in_song(number)).at(place)

    def _obeyed(self, course: Course) -> tuple[Course, list[Order]]:
        """What all orders together want, and those that were not refused."""
        orders = list(self._orders)
        for order in list(orders):
            try:
                course = order(course).inside()
            except UsageError as error:
                self._refuse(str(error))
                self._orders.remove(order)
                orders.remove(order)
        return course, orders

    def _beginning(self, reel: Reel, head: int) -> Audio:
        """Enough of it for a crossfade and some pauses of this thread; less only where everything
        ends."""
        least = max(FADE, int(_FIRST_SECONDS * self._lane.rate))
        parts: list[Audio] = [np.zeros((reel.song.rows, 0), np.float32)]
        while (known := sum(part.shape[1] for part in parts)) < least:
            block = reel.read(head + known)
            if block is None:
                self._lane.counters.feed_ended[0] = True
                break
            parts.append(block)
        return np.concatenate(parts, 1)

    def _old(self, at: int, rows: int) -> Audio:
        """What would have come at the cut."""
        old: Audio = np.zeros((rows, FADE), np.float32)
        self._lane.ring.read_into(at, old[:2])
        if self._lane.stems is not None:
            self._lane.stems.read_into(at, old[2:])
        return old


def _goes_on(before: Course, after: Course) -> bool:
    """Whether the same samples come, as far as a crossfade is long."""
    return (before.number, before.place, before.speed, after.speed) == (
        after.number, after.place, 1.0, 1.0,
    )  # fmt: skip
