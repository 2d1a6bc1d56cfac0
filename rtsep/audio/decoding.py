"""What decoders of audio files have in common, and libsndfile's. Knows of no other rates.

libsndfile reads what its header counts exactly: here plain sound, and Ogg (see `ogg`). Decoders
print what they think of damage. Nothing of that reaches the terminal: the first of it is kept as a
sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.audio.excerpt import Excerpt
from rtsep.audio.headers import Sound, wrong_size
from rtsep.audio.layouts import Layout
from rtsep.audio.quiet import quiet
from rtsep.audio.wav import native

# The file is always decoded in chunks of this many frames, whatever the caller asks for: so the
# caller's block size cannot change a bit of the result, and a damaged chunk costs little audio.
CHUNK_FRAMES = 8192
LONGEST_COMPLAINT = 100  # letters
# What libmpg123 puts before its sentences: the place in its source, and how bad it is.
_PREFIX = re.compile(r"^(\[[^\]]*\])?\s*((error|warning|note):)?\s*", re.IGNORECASE)
# libsndfile only guesses how long an MP3 is and stops there; of a FLAC it believes the header.
_NOT_HERE = ("MP3", "FLAC")


class Unreadable(Exception):
    """A decoder cannot read a file; says why, in a few words."""


@dataclass(frozen=True)
class Chunk:
    """Sound (frames, channels) at `rate`; `layout` names the channels, empty where nobody knows."""

    sound: NDArray[np.float32]
    rate: int
    layout: Layout = ()


class Decoder(Protocol):
    """A file from its first frame to its last. Rate and channels may change on the way."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the file, complete after the last chunk."""
        ...

    def chunk(self) -> Chunk | None:
        """The next sound, None at the end, or where damage begins."""
        ...

    def frames_left(self) -> int:
        """How many come after those that were taken, perhaps only roughly."""
        ...

    def close(self) -> None: ...


class SndfileDecoder:
    """Plain sound. Read to the end of the file, whatever size its header gives."""

    tool = "libsndfile"

    def __init__(self, path: Path) -> None:
        """Raises Unreadable."""
        self._sound = wrong_size(path)
        self._file = open_sndfile(_repaired(path, self._sound))
        if self._file.format in _NOT_HERE:
            self._file.close()
            raise Unreadable(f"no {self._file.format}")
        self._layout = _layout(path, self._sound) if self._file.channels > 2 else ()
        self._decoded = 0
        self._ended = False

    @property
    def notes(self) -> list[str]:
        notes = list(self._told_size())
        if self._file.complaint:
            notes.append(complaint_note(self._file.complaint))
        return notes

    def chunk(self) -> Chunk | None:
        sound = self._file.chunk()
        self._decoded += len(sound)
        self._ended = not len(sound)
        return None if self._ended else Chunk(sound, self._file.samplerate, self._layout)

    def frames_left(self) -> int:
        return 0 if self._ended else max(0, int(self._file.frames) - self._decoded)

    def close(self) -> None:
        self._file.close()

    def _told_size(self) -> Iterator[str]:
        """What the header says, against what is there, and what could be decoded of it."""
        frames, rate = int(self._file.frames), int(self._file.samplerate)
        sound = self._sound
        promised = frames
        if sound and sound.unknown:
            yield "its header does not say how long it is: read to the end of the file"
        elif sound and sound.size < sound.there:
            yield longer_than_counted(sound.size * frames / sound.there / rate, frames / rate)
        elif sound:
            promised = round(sound.size * frames / sound.there)
        if self._ended and self._decoded < promised:
            yield cut_short(self._decoded, promised, rate)


class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """soundfile seeks after every read, which a truncated file refuses and we do not need.

    `complaint` is the first that the decoder had to say, empty if it had nothing.
    """

    def __init__(self, file: Path | Excerpt) -> None:
        self.complaint = ""
        self._opened = file
        with self._heard():
            super().__init__(file if isinstance(file, Excerpt) else native(file))

    def seekable(self) -> bool:
        return False

    def chunk(self) -> NDArray[np.float32]:
        """The next frames, (frames, channels); none at the end and where damage starts."""
        frames: NDArray[np.float32] = np.zeros((0, self.channels), np.float32)
        with self._heard(), suppress(soundfile.SoundFileError):
            frames = self.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
        return frames

    def close(self) -> None:
        super().close()
        if isinstance(self._opened, Excerpt):
            self._opened.close()

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            with quiet() as said:
                yield
        finally:
            if said.lines and not self.complaint:
                self.complaint = _PREFIX.sub("", said.lines[0])[:LONGEST_COMPLAINT]


def open_sndfile(file: Path | Excerpt) -> SequentialFile:
    """Raises Unreadable."""
    try:
        return SequentialFile(file)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats
        if isinstance(file, Excerpt):
            file.close()
        reason = getattr(error, "error_string", "the format is not recognised")
        raise Unreadable(str(reason).rstrip(".")) from error


def cut_short(got: int, promised: int, rate: int) -> str:
    """In tenths of a second, unless less than that is missing."""
    digits = 1 if promised - got > rate / 5 else 3
    seconds = f"{got / rate:.{digits}f} s of {promised / rate:.{digits}f} s"
    return f"damaged or cut short: {seconds} could be read"


def longer_than_counted(counted: float, seconds: float) -> str:
    return (
        f"its header counts {counted:.1f} s, but there are {seconds:.1f} s: read to the end of the "
        "file"
    )


def complaint_note(complaint: str) -> str:
    return f"perhaps damaged; its decoder says: {complaint}"


def _repaired(path: Path, sound: Sound | None) -> Path | Excerpt:
    return path if sound is None else Excerpt(path, sound.start, head=sound.head)


def _layout(path: Path, sound: Sound | None) -> Layout:
    """libsndfile does not tell the channels' places; FFmpeg reads them from the same header."""
    from rtsep.audio.containers import layout_of

    with Excerpt(path, 0) if sound is None else Excerpt(path, sound.start, head=sound.head) as file:
        return layout_of(file)
