"""The songs that quality is measured on: folders that are named, and the example that PyPI's
stempeg ships, which is always there."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rtsep.measure.songs import Song, read_song
from tests.music import SAMPLE_RATE, stempeg_stems


def parser(description: str | None) -> argparse.ArgumentParser:
    """What every quality benchmark understands."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--songs", type=Path, nargs="*", default=[], help="folders with stems")
    made.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return made


def read_songs(folders: list[Path]) -> dict[str, Song]:
    songs = {folder.name: read_song(folder, SAMPLE_RATE) for folder in folders}
    stems = stempeg_stems()
    songs["stempeg example"] = {"mixture": np.sum(list(stems.values()), 0, np.float32)} | stems
    return songs
