"""What plays a session's source: reads it ahead, and moves it where there is a transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rtsep.closing import Closing
from rtsep.files.sources import SourceBlocks
from rtsep.player.feeder import Feeder
from rtsep.player.lane import Lane
from rtsep.player.reel import BLOCK, Reel, Straight
from rtsep.player.transport import FileTransport
from rtsep.ring.ring import Audio

Source = Callable[[int, int], Iterator[Audio]]  # (rate, samples) -> blocks (channels, samples)


class Player(Closing):
    """Of songs, with a transport; of blocks that somebody makes, without."""

    def __init__(
        self,
        source: SourceBlocks | Source,
        lane: Lane,
        *,
        heard: Callable[[], int],
        on_event: Callable[[str], object],
        on_change: Callable[[], None],
    ) -> None:
        """`heard` is the position of the session that is heard next; `on_event` gets sentences for
        a person, `on_change` hears that something was moved."""
        self._lane = lane
        self.transport: FileTransport | None = None
        if not isinstance(source, SourceBlocks):
            self._feeder = Feeder(Straight(source(lane.rate, BLOCK)), lane)
            return
        source.tell(on_event)
        reel = Reel(source, lane.rate, on_event, stems=lane.stems is not None)
        self._feeder = Feeder(reel, lane, on_event, on_change)
        self.transport = FileTransport(reel, self._feeder, lane.marks, heard, on_change)

    def start(self) -> None:
        self._feeder.start()

    def close(self) -> None:
        self._feeder.close()

    @property
    def end(self) -> int | None:
        """The position of the session after the last sample, once that has been read and nobody
        wants to be elsewhere."""
        lane = self._lane
        if not lane.counters.feed_ended[0] or not self._feeder.settled:
            return None
        return lane.marks.end_of(lane.ring.head)
