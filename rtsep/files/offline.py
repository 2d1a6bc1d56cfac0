"""Files to stems with the best quality, offline. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtsep.audio.files import open_audio
from rtsep.audio.writer import StemWriter
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.files.ways import Offline, Progress, told


def folders_for(files: Sequence[Path], output: Path) -> list[Path]:
    """One folder per file, named like it. Raises ConfigError if two would share one."""
    folders = [output / path.stem for path in files]
    for index, folder in enumerate(folders):
        first = folders.index(folder)
        if first != index:
            raise ConfigError(
                f"{files[first]} and {files[index]} would both be written to {folder}; "
                "separate them into different folders"
            )
    return folders


def separate_file(
    separator: Separator,
    path: Path,
    folder: Path,
    *,
    stems: Sequence[str] | None,
    encoding: str,
    overlap: float,
    inputs: Sequence[Path],
    channels: Sequence[int] = (),
    progress: Progress = lambda done, total: None,
) -> tuple[list[Path], list[str]]:
    """One file per stem of `path` into `folder`; returns them, and what a person should be told.

    `inputs` are not overwritten, `channels` of the file are taken instead of all, `progress` hears
    of samples done, of how many, first of none. Raises AudioFileError, ConfigError.
    """
    rate, names = separator.sample_rate, tuple(stems or separator.stems)
    way = Offline(separator, stems=names, overlap=overlap)
    with open_audio(path, sample_rate=rate, channels=separator.channels, picked=channels) as source:
        pieces = way.pieces(source)  # or ConfigError; has read all of it
    with StemWriter(
        folder,
        names,
        rate,
        channels=separator.channels,
        encoding=encoding,
        mix=False,
        inputs=inputs,
    ) as writer:
        for piece in told(pieces, source, progress):
            writer.write(piece)
    return writer.files, [*source.notes, *writer.notes]
