"""FFmpeg's decoders, through PyAV: MP3, FLAC, AAC, ALAC, WMA, AC-3, and what lies in a video.

Samples are counted: times and durations in these files are often guesses. What encoders put before
and after the sound is taken off where the file says how much that is. FFmpeg drops what comes
before; much of what comes after is dropped here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from rtsep.audio.containers import named, open_container, reason
from rtsep.audio.decoding import (
    CHUNK_FRAMES,
    Chunk,
    Unreadable,
    complaint_note,
    cut_short,
    longer_than_counted,
)
from rtsep.audio.mp3 import LONGEST_FRAME, counted_samples

# Of these the header counts the sound; of others it only guesses, or counts the pictures too.
_EXACT = ("mov", "flac", "wav", "aiff", "caf", "ape", "wv", "tta", "tak")
# A sound that ends so much earlier than its header says has lost something.
_TOLERANCE_SECONDS = 0.1

Samples = NDArray[np.float32]


class FfmpegDecoder:
    """The sound of a file that FFmpeg knows."""

    tool = "FFmpeg"

    def __init__(self, path: Path, number: int | None = None) -> None:
        """Of its audio streams that `number`, counted from 0, or the default. Raises Unreadable."""
        self._chosen = number is not None
        self._file = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size
        try:
            self._container, self._stream = open_container(self._file, number)
        except Unreadable:
            self._file.close()
            raise
        self._decoded = 0
        self._place = 0  # in the file, of what was decoded last
        self._rate = int(self._stream.codec_context.sample_rate or 0)
        self._promised = self._promise()
        self._counted: int | None = None  # by the encoder of an MP3
        self._lost = 0  # pieces that could not be decoded, with sound behind them
        self._lost_last = 0  # and those that came after the last sound
        self._complaint = ""
        self._ended = False
        self._valid = _itunes_samples(self._container.metadata)
        self._sounds = self._trimmed()
        self._next = next(self._sounds, None)

    @property
    def notes(self) -> list[str]:
        return [*self._told_stream(), *self._told_length()]

    def chunk(self) -> Chunk | None:
        """Of one rate and layout."""
        pieces: list[Samples] = []
        first, count = self._next, 0
        while self._next is not None and count < CHUNK_FRAMES and _alike(first, self._next):
            pieces.append(self._next.sound)
            count += len(self._next.sound)
            self._next = next(self._sounds, None)
        if first is None:
            self._ended = True
            return None
        self._rate = first.rate
        return Chunk(np.concatenate(pieces), first.rate, first.layout)

    def frames_left(self) -> int:
        """By what the header promises, or as if the rest were as dense as what was decoded."""
        if self._next is None:
            return 0
        ahead = len(self._next.sound)
        promised = self._promised or self._counted or 0
        if promised > self._decoded:
            return promised - self._decoded + ahead
        share = self._size / self._place - 1 if self._place else 0
        return ahead + max(0, round(self._decoded * share))

    def close(self) -> None:
        self._sounds = iter(())
        self._container.close()
        self._file.close()

    def _promise(self) -> int | None:
        """Frames, where the header counts them."""
        name = self._container.format.name
        duration = self._stream.duration
        if name.startswith(_EXACT) and duration and self._stream.time_base:
            return round(float(duration * self._stream.time_base) * self._rate)
        if name.startswith("matroska") and not self._pictures() and self._container.duration:
            return round(float(self._container.duration / av.time_base) * self._rate)
        return None

    def _pictures(self) -> bool:
        """Whether this is a video. The cover of an album is none."""
        return any(
            not stream.disposition & Disposition.attached_pic
            for stream in self._container.streams.video
        )

    def _told_stream(self) -> Iterator[str]:
        streams = self._container.streams.audio
        if self._chosen:
            return
        if len(streams) > 1:
            number = streams.index(self._stream) + 1
            language = self._stream.language or "und"
            named = "" if language == "und" else f" ({language})"
            yield f"{len(streams)} audio streams: number {number}{named} is used"
        elif self._pictures():
            yield "a video: its sound is used"

    def _told_length(self) -> Iterator[str]:
        if not self._ended:
            return
        promised, exact = self._promised or self._counted, self._container.format.name == "flac"
        tolerance = 0 if exact else _TOLERANCE_SECONDS * self._rate
        short = promised is not None and self._decoded < promised - tolerance
        if promised and short:
            yield cut_short(self._decoded, promised, self._rate)
        elif promised and self._decoded > promised and exact:
            yield longer_than_counted(promised / self._rate, self._decoded / self._rate)
        if self._lost:
            pieces = "a piece" if self._lost == 1 else f"{self._lost} pieces"
            yield complaint_note(f"{pieces} lost ({self._complaint})")
        elif self._lost_last and not short:
            yield f"its last bytes are no sound ({self._complaint})"

    def _trimmed(self) -> Iterator[Chunk]:
        """What is decoded, without what the encoder filled up at the end."""
        held: av.AudioFrame | None = None
        for frame in self._frames():
            if held is not None:
                yield from self._kept(held, held.samples)
            held = frame
        if held is not None:
            yield from self._kept(held, self._last_samples(held))

    def _kept(self, frame: av.AudioFrame, count: int) -> Iterator[Chunk]:
        if self._valid is not None:
            count = max(0, min(count, self._valid - self._decoded))
        self._decoded += count
        if count:
            yield Chunk(_floats(frame)[:count], frame.sample_rate, named(frame.layout))

    def _last_samples(self, frame: av.AudioFrame) -> int:
        """How much of the last frame is sound: what its packet says, else the list of edits."""
        per_tick = float(frame.time_base or 1) * frame.sample_rate
        if not self._container.format.name.startswith("mov") or per_tick > 1:
            return int(frame.samples)
        lasts = round(frame.duration * per_tick)
        if lasts >= frame.samples and self._promised:
            lasts = self._promised - self._decoded
        return lasts if 0 < lasts < frame.samples else int(frame.samples)

    def _frames(self) -> Iterator[av.AudioFrame]:
        """All that can be decoded. Damage costs a packet."""
        first = True
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                if first:
                    self._counted, first = self._count(packet), False
                frames = packet.decode()
            except (StopIteration, EOFError):
                return
            except (av.FFmpegError, OSError, IndexError) as error:  # a stream that is new to PyAV
                self._complaint = self._complaint or reason(error)
                self._lost_last += 1
                continue
            if frames:
                self._lost, self._lost_last = self._lost + self._lost_last, 0
                self._place = max(self._place, packet.pos or 0)
            yield from frames

    def _count(self, packet: Any) -> int | None:
        """What an MP3 says of its own length, in a frame without sound before the first one."""
        if self._container.format.name != "mp3" or not packet.pos:
            return None
        with open(self._file.name, "rb") as file:
            file.seek(max(0, packet.pos - LONGEST_FRAME))
            return counted_samples(file.read(min(packet.pos, LONGEST_FRAME)))


def _alike(one: Chunk | None, other: Chunk) -> bool:
    return one is not None and (one.rate, one.layout, one.sound.shape[1]) == (
        other.rate,
        other.layout,
        other.sound.shape[1],
    )


def _floats(frame: av.AudioFrame) -> Samples:
    """(frames, channels), full scale at 1."""
    samples = frame.to_ndarray()
    channels = len(frame.layout.channels)
    samples = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    bits = 8 * samples.dtype.itemsize
    middle = 128 if samples.dtype.kind == "u" else 0
    scaled: Samples = (samples.astype(np.float32) - middle) / np.float32(2 ** (bits - 1))
    return scaled


def _itunes_samples(metadata: dict[str, str]) -> int | None:
    """What iTunes wrote of the length without delay and padding, the fourth of its numbers."""
    numbers = metadata.get("iTunSMPB", "").split()
    try:
        return int(numbers[3], 16) or None
    except (IndexError, ValueError):
        return None
