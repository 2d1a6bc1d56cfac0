"""Write one audio file so that it can be played at every moment of its life.

Knows the WAV, RF64 and FLAC formats. The WAV writer is our own because libsndfile writes the
length only when a file is closed and cannot turn a WAV into RF64 at 4 GB. Here the data goes first,
then the header that counts it, at each write: whoever is killed leaves a file that is one block
short. Knows nothing of stems.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.errors import AudioFileError

Audio = NDArray[np.float32]

WAV_BITS = {"float": 32, "pcm24": 24, "pcm16": 16}
# flac is 24 bits; after a crash it plays, but players cannot show how long it is.
ENCODINGS = (*WAV_BITS, "flac")

RIFF_LIMIT = 0xFFFFFFFF  # the most that a size in a plain WAV can say


class SoundWriter(Protocol):
    """A file that grows. `frames` are in the file for certain; `clipped` went over full scale."""

    frames: int
    clipped: int

    def write(self, block: Audio) -> None: ...
    def close(self) -> None: ...


def create(path: Path, *, sample_rate: int, channels: int, encoding: str) -> SoundWriter:
    """Start a file, replacing one that is there."""
    writer = FlacWriter if encoding == "flac" else WavWriter
    return writer(path, sample_rate=sample_rate, channels=channels, encoding=encoding)


class WavWriter:
    """A WAV of 32-bit floats, or of 24 or 16-bit integers; becomes RF64 when it outgrows 4 GB."""

    def __init__(self, path: Path, *, sample_rate: int, channels: int, encoding: str) -> None:
        self.frames = 0
        self.clipped = 0
        self._path = path
        self._rate = sample_rate
        self._channels = channels
        self._bits = WAV_BITS[encoding]
        self._frame_bytes = channels * self._bits // 8
        try:
            self._file = path.open("wb", buffering=0)  # what write() has taken outlives the process
        except OSError as error:
            raise _cannot_write(path, 0.0, error) from error
        try:
            self._write_all(self._header())
        except OSError as error:
            self._file.close()
            raise _cannot_write(path, 0.0, error) from error

    def write(self, block: Audio) -> None:
        """Append (channels, n) and count it in the header."""
        if self._bits == 32:
            data = block.T.astype("<f4").tobytes()
        else:
            integers, clipped = _to_integers(block, self._bits)
            data = _little_endian(integers, self._bits // 8)
            self.clipped += clipped
        try:
            self._write_all(data)
            self.frames += block.shape[1]
            self._refresh_header()
        except OSError as error:
            raise _cannot_write(self._path, self.frames / self._rate, error) from error

    def close(self) -> None:
        """Cut what a failed write may have left of a block, so that the file ends as it says."""
        if self._file.closed:
            return
        try:
            self._file.truncate(len(self._header()) + self.frames * self._frame_bytes)
            self._file.seek(0, 2)
            self._write_all(bytes(self._pad()))
        except OSError as error:
            raise _cannot_write(self._path, self.frames / self._rate, error) from error
        finally:
            self._file.close()

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:  # an unbuffered write may take less than all, and then say why at the next one
            rest = rest[self._file.write(rest) :]

    def _refresh_header(self) -> None:
        self._file.seek(0)
        self._write_all(self._header())
        self._file.seek(0, 2)

    def _pad(self) -> int:
        """A RIFF chunk of odd length is followed by one byte."""
        return self.frames * self._frame_bytes % 2

    def _header(self) -> bytes:
        """Always of the same length: the room that RF64 needs for its sizes is JUNK until then."""
        layout = "<4sI4s4sIQQQI4sIHHIIHH4sII4sI"
        data = self.frames * self._frame_bytes
        riff = struct.calcsize(layout) - 8 + data + self._pad()
        large = riff > RIFF_LIMIT

        def size(value: int) -> int:
            return 0xFFFFFFFF if large else value

        rate, frame_bytes, tag = self._rate, self._frame_bytes, 3 if self._bits == 32 else 1
        return struct.pack(
            layout,
            *(b"RF64" if large else b"RIFF", size(riff), b"WAVE"),
            *(b"ds64" if large else b"JUNK", 28, riff, data, self.frames, 0),
            *(b"fmt ", 16, tag, self._channels, rate, rate * frame_bytes, frame_bytes, self._bits),
            *(b"fact", 4, size(self.frames)),
            *(b"data", size(data)),
        )


class FlacWriter:
    """A FLAC of 24 bits, through libsndfile."""

    def __init__(self, path: Path, *, sample_rate: int, channels: int, encoding: str) -> None:
        assert encoding == "flac", encoding
        self.frames = 0
        self.clipped = 0
        self._path = path
        self._rate = sample_rate
        try:
            path.open("wb").close()  # libsndfile would not say why it cannot
            self._file = soundfile.SoundFile(
                native(path), "w", sample_rate, channels, "PCM_24", format="FLAC"
            )
        except (OSError, soundfile.SoundFileError) as error:
            raise _cannot_write(path, 0.0, error) from error

    def write(self, block: Audio) -> None:
        integers, clipped = _to_integers(block, 24)
        try:
            self._file.write((integers << 8).T)  # libsndfile takes the upper 24 of 32 bits
        except soundfile.SoundFileError as error:
            raise _cannot_write(self._path, self.frames / self._rate, error) from error
        self.frames += block.shape[1]
        self.clipped += clipped

    def close(self) -> None:
        try:
            self._file.close()
        except soundfile.SoundFileError as error:
            raise _cannot_write(self._path, self.frames / self._rate, error) from error


def native(path: Path) -> str | bytes:
    """A path for libsndfile's wrapper, which takes names that are no text as bytes only."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _to_integers(block: Audio, bits: int) -> tuple[NDArray[np.int32], int]:
    """Samples as integers of `bits` bits, and how many had to be clipped."""
    full_scale = 2 ** (bits - 1)
    clipped = int(np.count_nonzero(np.abs(block) > 1.0))
    integers = np.clip(np.rint(block * np.float32(full_scale)), -full_scale, full_scale - 1)
    return integers.astype(np.int32), clipped


def _little_endian(integers: NDArray[np.int32], width: int) -> bytes:
    """(channels, n) integers as interleaved samples of `width` bytes."""
    samples = np.ascontiguousarray(integers.T, dtype="<i4")
    return samples.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()


def _cannot_write(path: Path, seconds: float, error: Exception) -> AudioFileError:
    reason = getattr(error, "strerror", None) or str(error)
    written = f"its first {seconds:.1f} s are written and playable; " if seconds else ""
    return AudioFileError(
        f"cannot write {path}: {reason}; {written}check the permissions and the free space there"
    )
