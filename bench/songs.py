"""Music with known stems, and how near a separation comes to them.

SDR is 10 log10(sum ref^2 / sum (ref - est)^2) over everything that is compared. A song is a folder
with `mixture` and a file for each of its stems; one named `rest` is compared with the sum of all
stems that have no file of their own. The example that PyPI's stempeg ships is always there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rtsep.audio.files import read_all
from rtsep.engine.separator import Separator
from rtsep.engine.stream import Stream
from rtsep.metrics import sdr
from tests.music import SAMPLE_RATE, stempeg_stems

Audio = np.ndarray[Any, Any]
Song = dict[str, Audio]


def parser(description: str | None) -> argparse.ArgumentParser:
    """What every quality benchmark understands."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--songs", type=Path, nargs="*", default=[], help="folders with stems")
    made.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return made


def read_songs(folders: list[Path]) -> dict[str, Song]:
    songs = {folder.name: _read(folder) for folder in folders}
    stems = stempeg_stems()
    songs["stempeg example"] = {"mixture": np.sum(list(stems.values()), 0, np.float32)} | stems
    return songs


def excerpt(song: Song, start: float, seconds: float) -> Song:
    first = int(start * SAMPLE_RATE)
    last = first + int(seconds * SAMPLE_RATE)
    return {name: audio[:, first:last] for name, audio in song.items()}


def streamed(stream: Stream, mix: Audio) -> Audio:
    """The stems of a whole signal, without the delay."""
    out = np.concatenate((stream.process(mix), stream.flush()), -1)
    return out[..., stream.latency_samples :]


def score(separator: Separator, song: Song, estimates: Audio) -> dict[str, float]:
    """SDR in dB of each stem that the song has, and their mean."""
    separated = dict(zip(separator.stems, estimates, strict=True))
    separated["rest"] = np.sum([e for stem, e in separated.items() if stem not in song], 0)
    scores = {
        stem: sdr(truth, separated[stem]) for stem, truth in song.items() if stem != "mixture"
    }
    scores["mean"] = float(np.mean(list(scores.values())))
    return {stem: round(value, 3) for stem, value in scores.items()}


def _read(folder: Path) -> Song:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac"))
    return {path.stem: read_all(path, SAMPLE_RATE) for path in files}
