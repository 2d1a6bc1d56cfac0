"""What is to be said of a file that is played live reaches whoever listens, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from rtsep.files.places import input_place
from rtsep.files.sources import SourceBlocks

RATE = 44_100


def cut_mono(path: Path) -> Path:
    """Two seconds of noise that say they are more."""
    soundfile.write(path, np.random.default_rng(0).uniform(-0.3, 0.3, 2 * RATE), RATE)
    path.write_bytes(path.read_bytes()[:-9000])
    return path


def test_what_is_known_is_told_at_once_and_damage_when_it_is_met(tmp_path: Path) -> None:
    source = SourceBlocks(input_place(str(cut_mono(tmp_path / "song.flac"))), loop=True)
    told: list[str] = []
    for _ in range(2):
        with source.open(0, RATE) as song:
            source.tell(told.append)
            assert told[0] == "song.flac: mono: duplicated to stereo"
            for _ in song.pieces(4096):
                pass
        told = told[-2:]
    assert len(told) == 2 and told[1].startswith("song.flac: damaged or cut short: ")


def test_the_demo_is_not_talked_about() -> None:
    source, told = SourceBlocks(input_place("demo")), list[str]()
    source.tell(told.append)
    assert next(source.open(0, RATE).pieces(4096)).shape == (2, 4096) and told == []
