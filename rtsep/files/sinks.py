"""Where a session's sound goes: a folder of stems, one file with the mix, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rtsep.audio.wav import SoundWriter
from rtsep.audio.writer import StemWriter, check_target, open_output
from rtsep.errors import ConfigError
from rtsep.stem_files.reading import is_stem_file

if TYPE_CHECKING:
    from rtsep.stem_files.writing import StemFileWriter

NULL = "null"
INPUT = "input"  # among stems: what came in, which live sessions record too
# What nobody means as the name of a folder. Only the first two can be written.
FILE_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aif", ".aiff")

Audio = np.ndarray[Any, np.dtype[np.float32]]


class Sink(Protocol):
    """`files` are what it makes; `notes` what a person should be told afterwards."""

    files: list[Path]

    @property
    def notes(self) -> list[str]: ...
    def write(self, stems: Audio, mix: Audio) -> None: ...


class NullSink:
    """Forgets everything."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.notes: list[str] = []

    def write(self, stems: Audio, mix: Audio) -> None:
        """Nothing to do."""


class MixSink:
    """Keeps the mix, in one file."""

    def __init__(self, path: Path, writer: SoundWriter) -> None:
        self.files = [path]
        self._writer = writer

    @property
    def notes(self) -> list[str]:
        clipped = self._writer.clipped
        return [f"{clipped} samples over full scale were clipped"] if clipped else []

    def write(self, stems: Audio, mix: Audio) -> None:
        self._writer.write(mix)


class StemFileSink:
    """Keeps what comes in and its stems, in a stem file; a deck has faders of its own."""

    def __init__(self, writer: StemFileWriter, stems: Sequence[str]) -> None:
        self.files = writer.files
        self._writer = writer
        self._kept = [at for at, stem in enumerate(stems) if stem != INPUT]

    @property
    def notes(self) -> list[str]:
        return self._writer.notes

    def write(self, stems: Audio, mix: Audio) -> None:
        kept = stems[self._kept]
        self._writer.write(kept, kept.sum(0))


@contextmanager
def open_sink(
    output: str,
    stems: Sequence[str],
    sample_rate: int,
    *,
    channels: int,
    encoding: str,
    inputs: Sequence[str],
) -> Iterator[Sink]:
    """`output` is "null", a .wav or .flac for the mix alone, a .stem.mp4, or a folder for stems and
    mix.

    Files are finished on the way out. The `inputs` are never overwritten. Raises AudioFileError.
    """
    if output == NULL:
        yield NullSink()
    elif is_stem_file(output):
        from rtsep.audio.tags import read_tags  # a tenth of a second, and many need it never
        from rtsep.stem_files.writing import StemFileWriter

        if channels != 2:
            raise ConfigError(f"cannot write {output}: stem files are stereo, the model is not")
        check_target(Path(output), inputs)
        tags = next((read_tags(path) for path in inputs), None)
        kept = [stem for stem in stems if stem != INPUT]
        with StemFileWriter(output, kept, sample_rate, tags=tags) as stem_file:
            yield StemFileSink(stem_file, stems)
    elif Path(output).suffix.lower() in FILE_SUFFIXES:
        with closing(
            open_output(output, sample_rate, channels=channels, encoding=encoding, inputs=inputs)
        ) as writer:
            yield MixSink(Path(output), writer)
    else:
        with StemWriter(
            output, stems, sample_rate, channels=channels, encoding=encoding, inputs=inputs
        ) as stem_writer:
            yield stem_writer
