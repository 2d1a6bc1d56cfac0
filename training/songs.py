"""Music to learn from: songs with their teacher's stems, and windows drawn from them.

The teacher is the official network offline, with full context on both sides. Its stems of a song
are one kind of truth; stems of different songs, mixed anew, are another, which is exact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rtsep.audio.files import read_audio
from rtsep.engine.separator import Separator
from rtsep.engine.step import share_residual
from rtsep.errors import AudioFileError

SUFFIXES = (".opus", ".ogg", ".flac", ".wav", ".mp3")
GAIN_DB = 6.0  # most that a stem is turned up or down before it is mixed anew
ENTRY = 0.3  # share of mixtures in which a stem comes in out of silence
FADE_SECONDS = 0.005  # of such an entry


@dataclass(frozen=True, kw_only=True)
class Song:
    """(channels, samples) and (stems, channels, samples), which sum to the mixture.

    Training sees what comes before `held_from`, the watch what comes after.
    """

    name: str
    mix: Tensor
    stems: Tensor
    held_from: int

    @property
    def held(self) -> tuple[Tensor, Tensor]:
        return self.mix[:, self.held_from :], self.stems[..., self.held_from :]


def read_songs(
    folder: Path, teacher: Separator, *, held_samples: int, keep: Path | None = None
) -> list[Song]:
    """Every audio file of a folder, on the teacher's device, so that windows are drawn there.
    `keep` is where the teacher's stems are kept between runs.

    Raises AudioFileError if there is none."""
    songs = []
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    with ThreadPoolExecutor() as pool:  # decoders leave the interpreter to others
        mixes = pool.map(lambda path: read_audio(path, teacher.sample_rate), paths)
    for path, audio in zip(paths, mixes, strict=True):
        mix = torch.from_numpy(audio)
        stems = _kept(path, mix, teacher, keep)
        share_residual(stems[None], mix[None])
        held_from = max(mix.shape[1] - held_samples, mix.shape[1] // 2)
        mix, stems = mix.to(teacher.device), stems.to(teacher.device)
        songs.append(Song(name=path.stem, mix=mix, stems=stems, held_from=held_from))
    if not songs:
        raise AudioFileError(f"no songs in {folder}; put {', '.join(SUFFIXES)} there")
    return songs


def _kept(path: Path, mix: Tensor, teacher: Separator, folder: Path | None) -> Tensor:
    if folder is None:
        return teacher.separate(mix)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    file = folder / f"{path.stem}-{digest}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(file, teacher.separate(mix).numpy())
    return torch.from_numpy(np.load(file))


class Drawer:
    """Windows at random. The same numbers draw the same windows, whatever was drawn before."""

    def __init__(self, songs: Sequence[Song], *, mixed: float, seed: int, rate: int) -> None:
        self._songs, self._mixed, self._seed, self._rate = list(songs), mixed, seed, rate
        self._device = self._songs[0].stems.device

    def draw(self, number: int, batch: int, samples: int) -> tuple[Tensor, Tensor]:
        """(b, c, samples), (b, stems, c, samples)"""
        random = np.random.default_rng((self._seed, number))
        stems = torch.stack([self._item(random, samples) for _ in range(batch)])
        return stems.sum(1), stems

    def _item(self, random: np.random.Generator, samples: int) -> Tensor:
        if random.random() >= self._mixed:
            return self._excerpt(random, samples)
        count = len(self._songs[0].stems)
        stems = torch.stack([self._excerpt(random, samples)[stem] for stem in range(count)])
        gains = 10 ** (random.uniform(-GAIN_DB, GAIN_DB, count) / 20)
        stems = stems * torch.from_numpy(gains).float().to(self._device)[:, None, None]
        if random.random() < ENTRY:
            stems[random.integers(count)] *= self._entry(random, samples)
        return stems

    def _excerpt(self, random: np.random.Generator, samples: int) -> Tensor:
        """Of any song, the longer the likelier; silence fills up songs that are too short."""
        lengths = np.array([song.held_from for song in self._songs], float)
        song = self._songs[random.choice(len(lengths), p=lengths / lengths.sum())]
        first = int(random.integers(max(song.held_from - samples, 0) + 1))
        stems = song.stems[..., first : min(first + samples, song.held_from)]
        return torch.nn.functional.pad(stems, (samples - stems.shape[-1], 0))

    def _entry(self, random: np.random.Generator, samples: int) -> Tensor:
        """Silence up to a place in the newer half, then all of it."""
        place = int(random.integers(samples // 2, samples))
        fade = max(round(FADE_SECONDS * self._rate), 1)
        return ((torch.arange(samples, device=self._device) - place) / fade).clamp(0, 1)
