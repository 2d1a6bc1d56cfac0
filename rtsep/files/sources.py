"""Blocks of a file or of the demo song at any rate, for sessions that play them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rtsep.audio.files import open_audio
from rtsep.audio.memory import MemorySource
from rtsep.demo import demo_song
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.places import DEMO, Kind, Place
from rtsep.ring.ring import Audio
from rtsep.stem_files.reading import StemFile, look_into


class SourceBlocks:
    """Opens a file or the demo when asked at which rate. Stereo, like every live session.

    What is to be said of the file goes to `tell`, each sentence once, as soon as it is known.
    """

    def __init__(
        self,
        place: Place,
        *,
        loop: bool = False,
        channels: Sequence[int] = (),
        stream: int | None = None,
    ) -> None:
        """With `loop`, over and over; with `channels`, those of the file instead of all; with
        `stream`, that of several.

        Raises AudioFileError for a file that cannot be read, ConfigError for missing channels.
        """
        self._place = place
        self._loop = loop
        self._channels, self._stream = tuple(channels), stream
        self._notes: list[str] = []
        self._told: Callable[[str], object] | None = None
        self._lock = threading.Lock()  # blocks are read on one thread and told about on another
        check_place(place, self._channels)

    def tell(self, to: Callable[[str], object]) -> None:
        """Where notes go from now on; those that there are go there at once."""
        with self._lock:
            self._told = to
            for note in self._notes:
                to(note)

    def __call__(self, rate: int, samples: int) -> Iterator[Audio]:
        """(2, samples) each, the last one before an end perhaps shorter. Raises AudioFileError."""
        demo = MemorySource(demo_song(rate).mix) if self._place.kind is Kind.DEMO else None
        while True:
            if demo:
                yield from demo.blocks(samples)
            else:
                with open_audio(
                    self._place.name,
                    sample_rate=rate,
                    picked=self._channels,
                    stream=self._stream,
                ) as source:
                    self._note(source.notes)
                    yield from source.blocks(samples)
                    self._note(source.notes)
            if not self._loop:
                return

    def _note(self, notes: Sequence[str]) -> None:
        with self._lock:
            for note in (f"{Path(self._place.name).name}: {note}" for note in notes):
                if note not in self._notes:
                    self._notes.append(note)
                    if self._told is not None:
                        self._told(note)


def check_place(place: Place, channels: Sequence[int] = ()) -> None:
    """As `check_input`, for what could also have been a device."""
    try:
        check_input(place.name, channels)
    except AudioFileError as error:
        if os.path.exists(place.name):
            raise
        raise AudioFileError(f"{error}; no input device is called so either") from error


def check_stem_file(place: Place, channels: Sequence[int] = ()) -> StemFile:
    """Raises AudioFileError for a file that is no stem file, ConfigError where `channels` of it
    shall be taken."""
    if channels:
        raise ConfigError(
            "--input-channels does not go with a stem file, which is played as it is; leave it out"
        )
    check_place(place)
    return look_into(place.name)


def check_input(name: str, channels: Sequence[int] = ()) -> None:
    """Raises AudioFileError unless `name` can be a session's input, and ConfigError unless it has
    those channels."""
    if name != DEMO:
        open_audio(name, sample_rate=44_100, picked=channels).close()
    elif channels:
        raise ConfigError("--input-channels is for devices and files, not for the demo")
