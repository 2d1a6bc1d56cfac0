"""Folders with songs and their stems: noises that are never silent, at levels of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtsep.audio.writer import write_file

RATE = 44_100
LEVELS = {"drums": 0.2, "bass": 0.1, "other": 0.05, "vocals": 0.15}


def stems(seconds: float) -> dict[str, np.ndarray]:
    """(2, samples) each."""
    rng = np.random.default_rng(3)
    shape = (2, round(seconds * RATE))
    return {n: rng.uniform(-a, a, shape).astype(np.float32) for n, a in LEVELS.items()}


def write_song(folder: Path, seconds: float = 0.7, *, rest: tuple[str, ...] = ()) -> Path:
    """The mixture and all stems; those of `rest` as one file."""
    tracks = stems(seconds)
    tracks["mixture"] = np.sum(list(tracks.values()), 0, np.float32)
    if rest:
        tracks["rest"] = np.sum([tracks.pop(stem) for stem in rest], 0, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for name, audio in tracks.items():
        write_file(folder / f"{name}.wav", audio, RATE)
    return folder
