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
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rtsep.audio.files import read_audio
from rtsep.engine.separator import Separator
from rtsep.engine.step import share_residual
from rtsep.errors import AudioFileError

SUFFIXES = (".opus", ".ogg", ".flac", ".wav", ".mp3")
GAIN_DB = 6.0  # most that a stem is turned up or down before it is mixed anew
SPEEDS = (1.0, 0.89, 1.12)  # that songs are played at too: two semitones down and up
AUDIBLE = 0.02  # of its mixture's energy, that a stem is worth mixing
TRIES = 6  # to find a place where it is
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


def at_speed(stems: Tensor, speed: float) -> Tensor:
    """(..., samples) played so many times as fast and as high, by its Fourier transform."""
    before = stems.shape[-1]
    after = round(before / speed)
    spectrum = torch.fft.rfft(stems)
    kept = min(after // 2 + 1, spectrum.shape[-1])
    return torch.fft.irfft(spectrum[..., :kept], after) * (after / before)


class Drawer:
    """Windows at random. The same numbers draw the same windows, whatever was drawn before."""

    def __init__(self, songs: Sequence[Song], *, mixed: float, seed: int, rate: int) -> None:
        self._mixed, self._seed, self._rate = mixed, seed, rate
        self._device = songs[0].stems.device
        self._stems = [
            at_speed(song.stems[..., : song.held_from], speed) if speed != 1
            else song.stems[..., : song.held_from]
            for song in songs for speed in SPEEDS
        ]  # fmt: skip
        self._shares = [_shares(stems, rate) for stems in self._stems]
        lengths = np.array([stems.shape[-1] for stems in self._stems], float)
        self._odds = lengths / lengths.sum()  # the longer the likelier

    def draw(self, number: int, batch: int, samples: int) -> tuple[Tensor, Tensor]:
        """(b, c, samples), (b, stems, c, samples)"""
        random = np.random.default_rng((self._seed, number))
        stems = torch.stack([self._item(random, samples) for _ in range(batch)])
        return stems.sum(1), stems

    def _item(self, random: np.random.Generator, samples: int) -> Tensor:
        if random.random() >= self._mixed:
            return self._turned(random, self._excerpt(*self._place(random, samples), samples))
        places = [self._audible(random, samples, stem) for stem in range(len(self._stems[0]))]
        stems = torch.stack([
            self._turned(random, self._excerpt(*place, samples)[stem])
            for stem, place in enumerate(places)
        ])  # fmt: skip
        gains = 10 ** (random.uniform(-GAIN_DB, GAIN_DB, len(stems)) / 20)
        stems = stems * torch.from_numpy(gains).float().to(self._device)[:, None, None]
        if random.random() < ENTRY:
            stems[random.integers(len(stems))] *= self._entry(random, samples)
        return stems

    def _place(self, random: np.random.Generator, samples: int) -> tuple[int, int]:
        """A song, and its first sample."""
        song = int(random.choice(len(self._odds), p=self._odds))
        length = self._stems[song].shape[-1]
        return song, int(random.integers(max(length - samples, 0) + 1))

    def _audible(self, random: np.random.Generator, samples: int, stem: int) -> tuple[int, int]:
        """A place where a stem is heard at its end, or the last of some tries. What a teacher finds
        of an instrument that is not there is no truth."""
        for _ in range(TRIES):
            song, first = self._place(random, samples)
            shares = self._shares[song][stem]
            if shares[min((first + samples) // self._rate, len(shares)) - 1] > AUDIBLE:
                break
        return song, first

    def _excerpt(self, song: int, first: int, samples: int) -> Tensor:
        """Silence fills up songs that are too short."""
        stems = self._stems[song][..., first : first + samples]
        return torch.nn.functional.pad(stems, (samples - stems.shape[-1], 0))

    def _turned(self, random: np.random.Generator, stems: Tensor) -> Tensor:
        """Left for right, and upside down, or not."""
        stems = stems.flip(-2) if random.random() < 0.5 else stems
        return -stems if random.random() < 0.5 else stems

    def _entry(self, random: np.random.Generator, samples: int) -> Tensor:
        """Silence up to a place in the newer half, then all of it."""
        place = int(random.integers(samples // 2, samples))
        fade = max(round(FADE_SECONDS * self._rate), 1)
        return ((torch.arange(samples, device=self._device) - place) / fade).clamp(0, 1)


def _shares(stems: Tensor, rate: int) -> np.ndarray[Any, Any]:
    """(stems, seconds): of the energy of all."""
    seconds = max(stems.shape[-1] // rate, 1)
    there = stems[..., : seconds * rate].unflatten(-1, (seconds, -1))
    energies = there.square().sum((1, 3))
    shares = energies / energies.sum(0).clamp(min=1e-9)
    found: np.ndarray[Any, Any] = shares.cpu().numpy()
    return found
