"""Songs at any rate, for sessions that play them: files, or the demo."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from rtsep.audio.files import AudioSource, open_audio
from rtsep.audio.memory import MemorySource
from rtsep.closing import Closing
from rtsep.demo import demo_song
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.places import DEMO, Kind, Place
from rtsep.files.playlist import is_list, songs_of
from rtsep.ring.ring import Audio
from rtsep.stem_files.reading import StemFile, StemSource, look_into


class Song(Closing):
    """One that is open: stereo, and the stems of a stem file in further rows."""

    def __init__(
        self, source: AudioSource | MemorySource | StemSource, tell: Callable[[Sequence[str]], None]
    ) -> None:
        """`tell` hears what is to be said of it, now and when it has been read."""
        stems = len(source.file.stems) if isinstance(source, StemSource) else 0
        self.rows = 2 + 2 * stems
        self._source, self._tell = source, tell
        tell(source.notes)

    @property
    def samples(self) -> int:
        """How many it has; perhaps a guess until it has been read."""
        return self._source.samples

    def pieces(self, size: int) -> Iterator[Audio]:
        """(rows, n), n up to `size`."""
        if isinstance(self._source, StemSource):
            for stems, mix in self._source.pieces(size):
                yield np.concatenate((mix, stems.reshape(-1, mix.shape[1])))
        else:
            yield from self._source.blocks(size)
        self._tell(self._source.notes)

    def close(self) -> None:
        if not isinstance(self._source, MemorySource):
            self._source.close()


class SourceBlocks:
    """The songs of an input, which are opened when asked at which rate. Stereo, like every live
    session.

    What is to be said of a song goes to `tell`, each sentence once, as soon as it is known.
    """

    def __init__(
        self,
        place: Place,
        *,
        loop: bool = False,
        channels: Sequence[int] = (),
        stream: int | None = None,
    ) -> None:
        """With `loop`, over and over; with `channels`, those of a file instead of all; with
        `stream`, that of several.

        Raises AudioFileError where nothing can be read, ConfigError for missing channels.
        """
        self.loop = loop
        self.songs = songs_of(place)
        self._demo = place.kind is Kind.DEMO
        self._channels, self._stream = tuple(channels), stream
        self._notes: list[str] = []
        self._told: Callable[[str], object] | None = None
        self._lock = threading.Lock()  # songs are read on one thread and told about on another
        if not is_list(place):
            check_place(place, self._channels)
        elif not any(map(self._is_readable, self.songs)):
            raise AudioFileError(f"none of the {len(self.songs)} files of {place.name} can be read")

    def tell(self, to: Callable[[str], object]) -> None:
        """Where notes go from now on; those that there are go there at once."""
        with self._lock:
            self._told = to
            for note in self._notes:
                to(note)

    def open(self, number: int, rate: int, *, stems: bool = False) -> Song:
        """One of the songs, of a stem file with its `stems`. Raises AudioFileError, ConfigError."""
        path = self.songs[number]
        source: AudioSource | MemorySource | StemSource
        if self._demo:
            source = MemorySource(demo_song(rate).mix)
        elif stems:
            source = StemSource(look_into(path), rate)
        else:
            source = open_audio(path, sample_rate=rate, picked=self._channels, stream=self._stream)
        return Song(source, lambda notes: self._note(Path(path).name, notes))

    def title(self, number: int) -> str:
        """A song's name, for a person."""
        return DEMO if self._demo else Path(self.songs[number]).stem

    def _is_readable(self, path: str) -> bool:
        try:
            check_input(path, self._channels)
        except AudioFileError:
            return False
        return True

    def _note(self, name: str, notes: Sequence[str]) -> None:
        with self._lock:
            for note in (f"{name}: {note}" for note in notes):
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
