"""Read any audio file as float32 blocks at the rate the model wants.

Knows sample rates, channels and what can be wrong with sound. Streams: a file of two hours costs
the memory of one chunk. Knows nothing of formats, models, devices or progress bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.decoding import Chunk
from rtsep.audio.layouts import ChannelMap, channel_map
from rtsep.audio.opening import open_decoder
from rtsep.audio.resampling import ExactResampler, resampled_length
from rtsep.closing import Closing
from rtsep.config import LOUDEST
from rtsep.errors import AudioFileError

Audio = NDArray[np.float32]

LOWEST_RATE = 1000  # of less, a few bytes would become hours


class AudioSource(Closing):
    """One open file as blocks (channels, n).

    Damage met on the way never raises: it ends up in `notes`, sentences meant to be shown, which
    are complete once the last block was read.
    """

    def __init__(
        self,
        path: Path,
        *,
        sample_rate: int,
        channels: int = 2,
        picked: Sequence[int] = (),
        stream: int | None = None,
    ) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.channels = channels
        self.sanitized = 0
        self._picked = tuple(picked)
        self._decoder = open_decoder(path, stream)
        self._notes: list[str] = []
        self._earlier = 0  # samples that came of the rates before this one
        self._ended = False
        self._ready: Audio = np.zeros((channels, 0), np.float32)
        try:
            # Now, so that a file with a header and no sound is refused when it is opened.
            first = self._decoder.chunk()
            if first is None:
                raise AudioFileError(f"no audio in {path}: it holds 0 samples; give another file")
            _check_rate(path, first.rate)
            self._map = self._mapped(first, self._picked)
        except BaseException:
            self.close()
            raise
        self.source_rate = first.rate
        self.source_channels = first.sound.shape[1]
        self._shape = (first.sound.shape[1], first.layout)
        self._notes += self._map.notes
        self._resampler = ExactResampler(first.rate, sample_rate, channels)
        self._take(first)

    @property
    def samples(self) -> int:
        """How many the file has: to be shown, not to be relied on. Never less than were read, and
        exact when all were."""
        now = self._resampler
        frames = now.taken + (0 if self._ended else self._decoder.frames_left())
        return self._earlier + resampled_length(frames, now.source_rate, now.sample_rate)

    @property
    def notes(self) -> list[str]:
        """What the listener should be told about this file, so far."""
        notes = list(self._notes)
        if self.sanitized:
            notes.append(f"{self.sanitized} NaN or infinite samples replaced by silence")
        return [*notes, *self._decoder.notes]

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
        self._decoder.close()

    def _pull(self) -> None:
        """Decode one chunk into `_ready`; the last one brings the resampler's tail."""
        chunk = self._decoder.chunk()
        if chunk is None or chunk.rate < LOWEST_RATE:
            self._ended = True
            self._ready = self._resampler.end().T
            return
        if chunk.rate != self._resampler.source_rate:
            self._change_rate(chunk.rate)
        else:
            self._ready = self._ready[:, :0]
        if (chunk.sound.shape[1], chunk.layout) != self._shape:
            self._change_channels(chunk)
        self._take(chunk)

    def _take(self, chunk: Chunk) -> None:
        heard = self._map.heard(chunk.sound)
        self.sanitized += _sanitize(heard)
        ready = self._resampler.take(self._map.mixed(heard))
        self._ready = np.concatenate((self._ready, ready.T), axis=1)

    def _change_rate(self, rate: int) -> None:
        """The tail of what was before stays in `_ready`."""
        self._ready = self._resampler.end().T
        self._notes.append(f"{self._from()}: {rate} instead of {self._resampler.source_rate} Hz")
        self._earlier += self._resampler.given
        self._resampler = ExactResampler(rate, self.sample_rate, self.channels)

    def _change_channels(self, chunk: Chunk) -> None:
        self._shape = (chunk.sound.shape[1], chunk.layout)
        there = self._picked if max(self._picked, default=0) < self._shape[0] else ()
        self._map = self._mapped(chunk, there)
        now = self._map.notes or (f"{self._shape[0]} channels",)
        self._notes += [f"{self._from()}: {note}" for note in now]

    def _mapped(self, chunk: Chunk, picked: tuple[int, ...]) -> ChannelMap:
        count = chunk.sound.shape[1]
        return channel_map(count, chunk.layout, self.channels, picked, self.path.name)

    def _from(self) -> str:
        now = self._resampler
        return f"from {self._earlier / self.sample_rate + now.taken / now.source_rate:.1f} s on"


def open_audio(
    path: str | Path,
    *,
    sample_rate: int,
    channels: int = 2,
    picked: Sequence[int] = (),
    stream: int | None = None,
) -> AudioSource:
    """Open a file to be read at `sample_rate`: mono is duplicated, surround mixed to stereo.

    `picked`, counted from 0, are channels of the file to take instead: one for both sides, or left
    and right. `stream` is one of several, without it the default. Raises AudioFileError, and
    ConfigError for channels that there are not.
    """
    return AudioSource(
        Path(path), sample_rate=sample_rate, channels=channels, picked=picked, stream=stream
    )


def read_audio(path: str | Path, sample_rate: int = 44_100, *, channels: int = 2) -> Audio:
    """The whole file at once, (channels, samples), at the rate and with the channels of a model.

    Mono is duplicated, of many channels the first are used; broken samples are silence, and a
    damaged file is what can be read of it. Raises AudioFileError for one that cannot be read.
    """
    with open_audio(path, sample_rate=sample_rate, channels=channels) as source:
        return np.concatenate(list(source.blocks(sample_rate)), axis=1)


def _check_rate(path: Path, rate: int) -> None:
    if rate < LOWEST_RATE:
        raise AudioFileError(
            f"no audio in {path}: it claims {rate} samples a second, and below {LOWEST_RATE} there "
            "is no sound; its header is damaged"
        )


def _sanitize(audio: Audio) -> int:
    """Make NaN, infinite, absurd and denormal samples zero in place; count all but denormals."""
    size = np.abs(audio)
    broken = ~(size <= LOUDEST)  # written so that NaN is broken too
    audio[broken | (size < np.finfo(np.float32).tiny)] = 0.0
    return int(np.count_nonzero(broken))
