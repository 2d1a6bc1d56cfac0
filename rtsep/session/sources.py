"""Blocks of a file or of the demo song at any rate, for sessions that play them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rtsep.audio.demo import demo_song
from rtsep.audio.files import open_audio
from rtsep.audio.memory import MemorySource
from rtsep.session.places import Kind, Place

Audio = np.ndarray[Any, np.dtype[np.float32]]


class SourceBlocks:
    """Opens a file or the demo when asked at which rate. Stereo, like every live session."""

    def __init__(self, place: Place, *, loop: bool = False) -> None:
        """With `loop`, over and over. Raises AudioFileError for a file that cannot be read."""
        self._place = place
        self._loop = loop
        if place.kind is Kind.FILE:
            open_audio(place.name, sample_rate=44_100).close()

    def __call__(self, rate: int, samples: int) -> Iterator[Audio]:
        """(2, samples) each, the last one before an end perhaps shorter. Raises AudioFileError."""
        yield from self._once(rate, samples)
        while self._loop:
            yield from self._once(rate, samples)

    def _once(self, rate: int, samples: int) -> Iterator[Audio]:
        if self._place.kind is Kind.DEMO:
            yield from MemorySource(demo_song(rate).mix).blocks(samples)
            return
        with open_audio(self._place.name, sample_rate=rate) as source:
            yield from source.blocks(samples)
