"""Libraries of short files with equal names in nested folders, good ones and broken ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from small_models import RATE, write_small_model

from rtsep import LibraryResult

Library = Callable[..., list[LibraryResult]]

SEED = 17


def quick_model(path: Path) -> Path:
    """A network that takes hardly any time, with segments of a quarter of a second."""
    return write_small_model(path, segment=Fraction(1, 4))


def write_noise(path: Path, seconds: float, seed: int) -> Path:
    """Unlike any other."""
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, (round(seconds * RATE), 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise.astype(np.float32), RATE, "PCM_16")
    return path


def write_library(root: Path, folders: int, songs: int) -> list[Path]:
    """In every folder, some of which lie in another, songs of the same names; 20 to 300 ms."""
    lengths = np.random.default_rng(SEED).uniform(0.02, 0.3, folders * songs)
    return [
        write_noise(folder_number(root, index // songs) / name(index % songs), length, index)
        for index, length in enumerate(lengths)
    ]


def folder_number(root: Path, number: int) -> Path:
    return root / f"artist {number // 3}" / ("", "CD 1", "CD 1/extra")[number % 3]


def name(number: int) -> str:
    """Two songs have names that differ in their suffixes only."""
    return (
        ("01.wav", "01.flac", "02 - Zwölf, très bien.wav")[number]
        if number < 3
        else (f"{number:02}.wav")
    )


def _claimed_rate(path: Path) -> None:
    write_noise(path, 0.1, 0)
    data = bytearray(path.read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(data)


def _no_samples(path: Path) -> None:
    soundfile.write(path, np.zeros((0, 2)), RATE)


# Ways to be no music, and what is said of it.
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.wav": (Path.touch, "the file is empty"),
    "text.mp3": (lambda path: path.write_text("no music\n" * 100), "not an audio file"),
    "torso.wav": (lambda path: path.write_bytes(b"RIFF"), "not an audio file"),
    "silent.wav": (_no_samples, "it holds 0 samples"),
    "noise.flac": (
        lambda path: path.write_bytes(np.random.default_rng(1).bytes(5000)),
        "not an audio file",
    ),
    "pipe.wav": (os.mkfifo, "is not a regular file"),
    "gone.ogg": (lambda path: path.symlink_to("nowhere.ogg"), "No such file"),
    "loop.wma": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "list.m4a": (lambda path: path.write_text("#EXTM3U\n/etc/passwd\n"), "not an audio file"),
    "slow.wav": (_claimed_rate, "it claims 1 samples a second"),
}


def write_broken(root: Path) -> dict[Path, str]:
    """What will be said of each."""
    told = {}
    for number, (broken, (write, complaint)) in enumerate(BROKEN.items()):
        path = folder_number(root, number) / broken
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        told[path] = complaint
    return told


def contents(out: Path) -> dict[str, bytes]:
    """All files below a folder of results but its logs."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith("rtsep-log")
    }
