"""Files to stems with the best quality, offline. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from rtsep.audio.files import read_all
from rtsep.audio.writer import StemWriter
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError


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
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """One file per stem of `path` into `folder`; returns them. Raises AudioFileError, ConfigError.

    `progress` hears of samples done, of how many.
    """
    rate, names = separator.sample_rate, tuple(stems or separator.stems)
    mix = torch.from_numpy(read_all(path, rate, channels=separator.channels))
    done = 0
    with StemWriter(
        folder,
        names,
        rate,
        channels=separator.channels,
        encoding=encoding,
        mix=False,
        inputs=[path],
    ) as writer:
        for piece in separator.separate_in_pieces(mix, names, overlap):
            writer.write(piece.numpy())
            done += piece.shape[-1]
            progress(done, mix.shape[-1])
    return writer.files
