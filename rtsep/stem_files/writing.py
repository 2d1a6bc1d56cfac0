"""Write a stem file: five streams on one grid of samples, muxed by FFmpeg, then put right by us.

FFmpeg's muxer knows no stem atom and lets ordinary players choose among all five. Streams: what is
written of a long song is in the file, not in memory. Knows nothing of models.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from rtsep.audio.encoding import (
    Audio,
    SoundStream,
    abandon,
    beside,
    cannot_write,
    open_partial,
)
from rtsep.audio.formats import FORMATS, Format, checked_bitrate, file_rate
from rtsep.audio.tags import Tags, add_cover, mux_cover, write_texts
from rtsep.closing import ClosingOrDiscarding
from rtsep.errors import AudioFileError
from rtsep.stem_files.boxes import BadBoxes, Box, rewrite
from rtsep.stem_files.manifest import Manifest, folded
from rtsep.stem_files.tracks import enable, sound_tracks

CODECS = {"aac": "m4a", "alac": "alac"}  # of FORMATS
SUFFIX = ".stem.mp4"
MASTER_AND_STEMS = 5


class StemFileWriter(ClosingOrDiscarding):
    """One growing stem file. It gets its name when it is whole: `close` finishes it, `discard`
    leaves nothing, and so does `with` where an error comes out."""

    def __init__(
        self,
        path: str | Path,
        stems: Sequence[str],
        sample_rate: int,
        *,
        codec: str = "aac",
        bitrate: int | None = None,
        tags: Tags | None = None,
    ) -> None:
        """`stems` are the model's; more than four are folded. Raises AudioFileError."""
        self.files = [Path(path)]
        self.samples = 0
        self._places, self._folded = folded(stems)
        self._shape = (len(stems), 2)
        self._path, self._partial = Path(path), beside(Path(path))
        self._container: Any = None
        form = _form(codec, sample_rate, bitrate)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open(form, sample_rate, bitrate, tags or Tags())
        except (OSError, av.FFmpegError) as error:
            self.discard()
            raise cannot_write(self._path, error) from error

    @property
    def notes(self) -> list[str]:
        """What a person should be told about what was written."""
        clipped = sum(stream.clipped for stream in self._streams)
        over = f"{self._path.name}: {clipped} samples over full scale were clipped"
        return [*self._folded, *([over] if clipped else [])]

    def write(self, stems: Audio, mix: Audio) -> None:
        """Append (stems, channels, n) and the master (channels, n).

        What the stems lack of the master is shared among them: a deck plays their sum.
        """
        assert stems.shape[:2] == self._shape and mix.shape == stems.shape[1:], stems.shape
        self.samples += mix.shape[1]
        try:
            for stream, sound in zip(self._streams, self._streamed(stems, mix), strict=True):
                stream.write(sound)
        except (OSError, av.FFmpegError) as error:
            self.discard()
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._container is None:
            return
        edited = self._partial.with_suffix(".edited")
        try:
            for stream in self._streams:
                stream.end()
            self._container.close()
            rewrite(self._partial, edited, _made_stem_file)
            os.replace(edited, self._path)
        except (OSError, av.FFmpegError, BadBoxes) as error:
            raise cannot_write(self._path, error) from error
        finally:
            edited.unlink(missing_ok=True)
            self.discard()

    def discard(self) -> None:
        """Leave nothing of it. A file that was there before stays."""
        container, self._container = self._container, None
        abandon(container, self._partial)

    def _open(self, form: Format, rate: int, bitrate: int | None, tags: Tags) -> None:
        self._container = open_partial(self._partial, form.container, rate)
        write_texts(self._container, tags)
        self._streams = [
            SoundStream(self._container, form, rate, 2, bitrate) for _ in range(MASTER_AND_STEMS)
        ]
        if tags.cover:
            picture = add_cover(self._container, tags.cover)
            self._container.start_encoding()
            mux_cover(self._container, picture, tags.cover)

    def _streamed(self, stems: Audio, mix: Audio) -> list[Audio]:
        """The master and the four. A silent one stays silent."""
        lacking = mix - stems.sum(0)
        heard = sum(1 for parts in self._places if parts)
        return [
            mix,
            *(
                stems[parts].sum(0) + lacking / np.float32(heard) if parts else np.zeros_like(mix)
                for parts in self._places
            ),
        ]


def write_stem_file(
    path: str | Path,
    pieces: Iterable[tuple[Audio, Audio]],
    stems: Sequence[str],
    sample_rate: int,
    **options: Any,
) -> list[str]:
    """Write all `pieces`, (stems, channels, n) with the master (channels, n); returns what a person
    should be told. `options` are those of StemFileWriter. Raises AudioFileError."""
    with StemFileWriter(path, stems, sample_rate, **options) as writer:
        for separated, mix in pieces:
            writer.write(separated, mix)
    return writer.notes


def _form(codec: str, sample_rate: int, bitrate: int | None) -> Format:
    if codec not in CODECS:
        raise AudioFileError(f"no stem files of {codec!r}; choose from {', '.join(CODECS)}")
    form = FORMATS[CODECS[codec]]
    if file_rate(form, sample_rate) != sample_rate:
        raise AudioFileError(f"no stem file of {codec} at {sample_rate} Hz; take 44100 or 48000")
    checked_bitrate(form, bitrate)
    return form


def _made_stem_file(moov: Box) -> None:
    """What FFmpeg's muxer left out."""
    for number, trak in enumerate(sound_tracks(moov)):
        enable(trak, enabled=number == 0)
    moov.ensured(b"udta").ensured(b"stem").data = Manifest().packed()
