"""Read any audio file libsndfile knows as float32 blocks at the rate the model wants.

Knows formats, sample rates, channels and what can be wrong with a file. Streams: a file of two
hours costs the memory of one chunk. Knows nothing of models, devices or progress bars.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from rtsep.audio.decoding import SequentialFile
from rtsep.closing import Closing
from rtsep.config import LOUDEST
from rtsep.errors import AudioFileError

Audio = NDArray[np.float32]

LOWEST_RATE = 1000  # of less, a few bytes would become hours


class AudioSource(Closing):
    """One open file as blocks (channels, n). `samples` is the length the file promises.

    Damage met on the way never raises: it ends up in `notes`, sentences meant to be shown, which
    are complete once the last block was read.
    """

    def __init__(self, path: Path, *, sample_rate: int, channels: int = 2) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.channels = channels
        self.sanitized = 0
        self._file = _open_sequential(path)
        self.source_rate: int = self._file.samplerate
        if self.source_rate < LOWEST_RATE:
            self.close()
            raise AudioFileError(
                f"no audio in {path}: it claims {self.source_rate} samples a second, and below "
                f"{LOWEST_RATE} there is no sound; its header is damaged"
            )
        self.source_channels: int = self._file.channels
        self._resampler = _resampler(self.source_rate, sample_rate, channels)
        self._promised: int = self._file.frames
        if self._promised >= np.iinfo(np.int64).max:  # a FLAC whose writer crashed does not know
            self._promised = _count_frames(path)
        self.samples = resampled_length(self._promised, self.source_rate, sample_rate)
        self._notes = _channel_notes(self.source_channels, channels)
        self._decoded = 0  # frames taken from the file
        self._produced = 0  # samples that came out of the resampler
        self._ended = False
        self._ready: Audio = np.zeros((channels, 0), np.float32)
        self._pull()  # now, so that a file with a header and no sound is refused when it is opened
        if not self._decoded:
            self.close()
            raise AudioFileError(f"no audio in {path}: it holds 0 samples; give another file")

    @property
    def notes(self) -> list[str]:
        """What the listener should be told about this file, so far."""
        notes = list(self._notes)
        if self.sanitized:
            notes.append(f"{self.sanitized} NaN or infinite samples replaced by silence")
        if self._ended and self._decoded < self._promised:
            notes.append(_cut_short(self._decoded, self._promised, self.source_rate))
        if self._file.complaint:
            notes.append(f"perhaps damaged; its decoder says: {self._file.complaint}")
        return notes

    def read(self, count: int) -> Audio:
        """The next `count` samples, fewer at the end of the file, then none."""
        pieces = [self._ready]
        missing = count - self._ready.shape[1]
        while missing > 0 and not self._ended:
            self._pull()
            pieces.append(self._ready)
            missing -= self._ready.shape[1]
        ready = np.concatenate(pieces, axis=1)
        self._ready = ready[:, count:]
        return np.ascontiguousarray(ready[:, :count])

    def blocks(self, size: int) -> Iterator[Audio]:
        """The rest of the file in blocks of `size` samples; the last one may be shorter."""
        while (block := self.read(size)).shape[1]:
            yield block

    def close(self) -> None:
        self._file.close()

    def _pull(self) -> None:
        """Decode one chunk into `_ready`; the last one brings the resampler's tail."""
        chunk = self._decode()
        self._ended = not len(chunk)
        if self._resampler is not None:
            chunk = self._resampler.resample_chunk(chunk, last=self._ended)
        if self._ended:
            chunk = self._exact_tail(chunk)
        self._produced += len(chunk)
        self._ready = chunk.T

    def _decode(self) -> Audio:
        """The next chunk, clean, as (frames, channels); empty at the end or where damage starts."""
        try:
            raw = self._file.chunk()
        except soundfile.SoundFileError:
            return np.zeros((0, self.channels), np.float32)
        self._decoded += len(raw)
        used = raw[:, : self.channels]
        self.sanitized += _sanitize(used)
        return used[:, np.arange(self.channels) % used.shape[1]]

    def _exact_tail(self, tail: Audio) -> Audio:
        """Cut or extend the tail by the rounding of the resampler, so that the length is exact."""
        total = resampled_length(self._decoded, self.source_rate, self.sample_rate)
        exact = np.zeros((max(0, total - self._produced), self.channels), np.float32)
        common = min(len(exact), len(tail))
        exact[:common] = tail[:common]
        return exact


def open_audio(path: str | Path, *, sample_rate: int, channels: int = 2) -> AudioSource:
    """Open a file to be read at `sample_rate`: mono is duplicated, of many the first are used."""
    return AudioSource(Path(path), sample_rate=sample_rate, channels=channels)


def read_audio(path: str | Path, sample_rate: int = 44_100, *, channels: int = 2) -> Audio:
    """The whole file at once, (channels, samples), at the rate and with the channels of a model.

    Mono is duplicated, of many channels the first are used; broken samples are silence, and a
    damaged file is what can be read of it. Raises AudioFileError for one that cannot be read.
    """
    with open_audio(path, sample_rate=sample_rate, channels=channels) as source:
        return np.concatenate(list(source.blocks(sample_rate)), axis=1)


def resampled_length(frames: int, source_rate: int, sample_rate: int) -> int:
    """round(frames * sample_rate / source_rate) in integers; one frame never becomes nothing."""
    if not frames:
        return 0
    return max(1, (2 * frames * sample_rate + source_rate) // (2 * source_rate))


def _open_sequential(path: Path) -> SequentialFile:
    if os.path.isdir(path):
        raise AudioFileError(f"{path} is a folder; give one audio file in it")
    if os.path.exists(path) and not os.path.isfile(path):
        raise AudioFileError(f"{path} is not a regular file; give an audio file")
    try:
        with path.open("rb") as file:  # libsndfile would not say why it cannot open a file
            empty = not file.read(1)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: NUL in it
        raise AudioFileError(f"no such file: {path}; {_suggest(path)}") from error
    except OSError as error:
        raise AudioFileError(f"cannot read {path}: {error.strerror}; check the path") from error
    if empty:
        raise AudioFileError(f"no audio in {path}: the file is empty; give another file")
    try:
        return SequentialFile(path)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats
        raise AudioFileError(
            f"not an audio file libsndfile can read: {path}; it reads "
            f"{', '.join(soundfile.available_formats())}; convert it first, for example with ffmpeg"
        ) from error


def _cut_short(got: int, promised: int, rate: int) -> str:
    """In tenths of a second, unless less than that is missing."""
    digits = 1 if promised - got > rate / 5 else 3
    seconds = f"{got / rate:.{digits}f} s of {promised / rate:.{digits}f} s"
    return f"damaged or cut short: {seconds} could be read"


def _suggest(path: Path) -> str:
    """What the caller may have meant by a path that does not exist."""
    try:
        names = os.listdir(path.parent)
    except (OSError, ValueError):
        return f"there is no folder {path.parent} either"
    close = difflib.get_close_matches(path.name, names, n=3)
    return f"close matches in that folder: {', '.join(close)}" if close else "check the path"


def _resampler(source_rate: int, sample_rate: int, channels: int) -> soxr.ResampleStream | None:
    if source_rate == sample_rate:
        return None
    return soxr.ResampleStream(source_rate, sample_rate, channels, dtype="float32", quality="VHQ")


def _count_frames(path: Path) -> int:
    """How long a file is that does not say so: by decoding it once."""
    frames = 0
    with _open_sequential(path) as file:
        try:
            while got := len(file.chunk()):
                frames += got
        except soundfile.SoundFileError:
            pass  # the length up to the damage is the length that can be read
    return frames


def _sanitize(audio: Audio) -> int:
    """Make NaN, infinite, absurd and denormal samples zero in place; count all but denormals."""
    size = np.abs(audio)
    broken = ~(size <= LOUDEST)  # written so that NaN is broken too
    audio[broken | (size < np.finfo(np.float32).tiny)] = 0.0
    return int(np.count_nonzero(broken))


def _channel_notes(source_channels: int, channels: int) -> list[str]:
    if source_channels > channels:
        first = "two are" if channels == 2 else f"{channels} are"
        return [f"{source_channels} channels: the first {first} used"]
    if source_channels < channels:
        return ["mono: duplicated to stereo" if channels == 2 else "channels repeated to fill"]
    return []
