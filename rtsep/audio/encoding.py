"""Write one file of compressed sound, with its tags: FLAC, MP3, AAC, ALAC, Opus.

Through PyAV's encoders. What they put before the sound is declared in the file, so that readers
that heed it give back the samples that were written, at their places. Such a file can be played
only when it is finished: until then it lies beside its name. Knows nothing of stems.
"""

from __future__ import annotations

import contextlib
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from rtsep.audio.formats import FORMATS, Format, checked_bitrate, file_rate
from rtsep.audio.resampling import ExactResampler
from rtsep.audio.tags import Tags, add_cover, mux_cover, picture_block, write_texts
from rtsep.errors import AudioFileError

Audio = NDArray[np.float32]

_LAYOUTS = {1: "mono", 2: "stereo"}


class EncodedWriter:
    """A `SoundWriter` of one of the FORMATS. `frames` were taken; they are in the file for certain
    once it is closed. `discard` leaves nothing."""

    def __init__(
        self,
        path: Path,
        *,
        format: str,
        sample_rate: int,
        channels: int = 2,
        bitrate: int | None = None,
        tags: Tags | None = None,
    ) -> None:
        """Raises AudioFileError."""
        self.frames = 0
        self._whole = False
        self._container: Any = None
        self._path, self._partial = path, beside(path)
        made = FORMATS[format]
        rate = file_rate(made, sample_rate)
        tags = tags or Tags()
        self._resampler = ExactResampler(sample_rate, rate, channels)
        try:
            self._container = open_partial(self._partial, made.container, rate)
            self._sound = SoundStream(self._container, made, rate, channels, bitrate)
            self._start(tags, made)
        except (OSError, av.FFmpegError) as error:
            self.discard()
            raise cannot_write(path, error) from error
        except BaseException:
            self.discard()
            raise

    @property
    def clipped(self) -> int:
        return self._sound.clipped

    def write(self, block: Audio) -> None:
        """Append (channels, n)."""
        self.frames += block.shape[1]
        try:
            self._sound.write(self._resampler.take(np.ascontiguousarray(block.T)).T)
        except (OSError, av.FFmpegError) as error:
            self.discard()
            raise cannot_write(self._path, error) from error

    def finish(self) -> None:
        """Write all that is still held; nothing can follow. The file has its own name only after
        `close`."""
        if self._container is None:
            return
        container, self._container = self._container, None
        try:
            self._sound.write(self._resampler.end().T)
            self._sound.end()
            container.close()
        except (OSError, av.FFmpegError) as error:
            abandon(container, self._partial)
            raise cannot_write(self._path, error) from error
        self._whole = True

    def close(self) -> None:
        """Finish the file and give it its name."""
        self.finish()
        if not self._whole:
            return
        self._whole = False
        try:
            os.replace(self._partial, self._path)
        except OSError as error:
            self.discard()
            raise cannot_write(self._path, error) from error

    def discard(self) -> None:
        """Leave nothing of it. A file that was there before stays."""
        container, self._container, self._whole = self._container, None, False
        abandon(container, self._partial)

    def _start(self, tags: Tags, made: Format) -> None:
        write_texts(self._container, tags)
        if tags.cover and made.container == "opus":
            self._container.metadata["METADATA_BLOCK_PICTURE"] = picture_block(tags.cover)
        elif tags.cover:
            picture = add_cover(self._container, tags.cover)
            self._container.start_encoding()
            mux_cover(self._container, picture, tags.cover)


class SoundStream:
    """One stream of sound in a container that is being written."""

    def __init__(
        self, container: Any, made: Format, rate: int, channels: int, bitrate: int | None
    ) -> None:
        self.clipped = 0
        self._container, self._bits, self._rate = container, made.bits, rate
        self._layout = _LAYOUTS[channels]
        self._stream = container.add_stream(made.codec, rate=rate, layout=self._layout)
        context = self._context = self._stream.codec_context
        if kilobits := checked_bitrate(made, bitrate):
            self._stream.bit_rate = 1000 * kilobits
        known = [one.name for one in context.codec.audio_formats]
        wanted = ("s32", "s32p") if made.bits else ("fltp", "flt")
        context.format = next(name for name in wanted if name in known)
        context.open()
        self._blocks = av.AudioFifo()
        self._written = 0

    def write(self, sound: Audio) -> None:
        """Append (channels, n)."""
        if not sound.shape[1]:
            return
        frame = self._frame(sound)
        frame.sample_rate, frame.pts = self._rate, self._written
        frame.time_base = Fraction(1, self._rate)
        self._written += sound.shape[1]
        self._blocks.write(frame)
        size = self._context.frame_size or sound.shape[1]
        while (block := self._blocks.read(size)) is not None:
            self._container.mux(self._stream.encode(block))

    def end(self) -> None:
        if (rest := self._blocks.read(0, True)) is not None:
            self._container.mux(self._stream.encode(rest))
        self._container.mux(self._stream.encode(None))

    def _frame(self, sound: Audio) -> av.AudioFrame:
        name = self._context.format.name
        samples: NDArray[Any] = self._integers(sound) if self._bits else sound
        if not name.endswith("p"):
            samples = samples.T.reshape(1, -1)
        return av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), name, self._layout)

    def _integers(self, sound: Audio) -> NDArray[np.int32]:
        """In the upper bits of 32."""
        assert self._bits
        full = 2 ** (self._bits - 1)
        self.clipped += int(np.count_nonzero(np.abs(sound) > 1))
        rounded = np.clip(np.rint(sound.astype(np.float64) * full), -full, full - 1)
        integers: NDArray[np.int32] = rounded.astype(np.int32) << (32 - self._bits)
        return integers


def beside(path: Path) -> Path:
    """Where a file grows until it is whole. Always the same place: what a crash has left there is
    replaced by the next attempt."""
    return path.with_name(f".{path.name}.part")


def open_partial(path: Path, container: str, rate: int) -> Any:
    options = {}
    if container == "mp4":  # lengths to the sample, not to the millisecond
        options = {"movie_timescale": str(rate), "brand": "M4A "}
    elif container == "mp3":
        options = {"id3v2_version": "3"}  # Windows and old decks know no newer one
    elif container == "opus":
        options = {"fflags": "+bitexact"}  # without it no two runs write the same bytes
    return av.open(str(path), "w", format=container, options=options)


def abandon(container: Any, partial: Path) -> None:
    if container is not None:
        with contextlib.suppress(av.FFmpegError, OSError):
            container.close()
    partial.unlink(missing_ok=True)


def cannot_write(path: Path, error: Exception) -> AudioFileError:
    why = getattr(error, "strerror", None) or str(error)
    return AudioFileError(
        f"cannot write {path}: {why}; check the permissions and the free space there"
    )
