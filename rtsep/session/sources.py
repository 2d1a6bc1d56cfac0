"""Blocks of a file or of the demo song at any rate, for sessions that play them."""

from __future__ import annotations

from collections.abc import Iterator

from rtsep.audio.demo import demo_song
from rtsep.audio.files import open_audio
from rtsep.audio.memory import MemorySource
from rtsep.ring.ring import Audio
from rtsep.session.places import DEMO, Kind, Place


class SourceBlocks:
    """Opens a file or the demo when asked at which rate. Stereo, like every live session."""

    def __init__(self, place: Place, *, loop: bool = False) -> None:
        """With `loop`, over and over. Raises AudioFileError for a file that cannot be read."""
        self._place = place
        self._loop = loop
        check_input(place.name)

    def __call__(self, rate: int, samples: int) -> Iterator[Audio]:
        """(2, samples) each, the last one before an end perhaps shorter. Raises AudioFileError."""
        demo = MemorySource(demo_song(rate).mix) if self._place.kind is Kind.DEMO else None
        while True:
            if demo:
                yield from demo.blocks(samples)
            else:
                with open_audio(self._place.name, sample_rate=rate) as source:
                    yield from source.blocks(samples)
            if not self._loop:
                return


def check_input(name: str) -> None:
    """Raises AudioFileError unless `name` can be a session's input."""
    if name != DEMO:
        open_audio(name, sample_rate=44_100).close()
