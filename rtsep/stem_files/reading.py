"""Read a stem file: the master, and the stems that sum to it. Knows nothing of models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtsep.audio.files import Audio, AudioSource, open_audio
from rtsep.closing import Closing
from rtsep.errors import AudioFileError
from rtsep.stem_files.boxes import BadBoxes, Box, read_moov
from rtsep.stem_files.manifest import BadManifest, Manifest, parsed
from rtsep.stem_files.tracks import Track, described, sound_tracks

SUFFIXES = (".stem.mp4", ".stem.m4a")
# Encoders fill up their last frame; what differs by more belongs to different songs.
PADDING_SECONDS = 0.1
_TOLD_DB = -30.0  # of the master: what its stems lack of it, when a person should know


@dataclass(frozen=True, kw_only=True)
class StemFile:
    """What a stem file says of itself; `samples` are those of its master, at `rate`."""

    path: Path
    manifest: Manifest
    rate: int
    samples: int

    @property
    def stems(self) -> tuple[str, ...]:
        return self.manifest.stems


def is_stem_file(path: str | Path) -> bool:
    """By its name, as decks tell it."""
    return str(path).lower().endswith(SUFFIXES)


def look_into(path: str | Path) -> StemFile:
    """Raises AudioFileError for a file that is no whole stem file."""
    path = Path(path)
    open_audio(path, sample_rate=44_100).close()  # or it says why not
    try:
        moov = read_moov(path)
        manifest = _manifest(moov)
        tracks = [described(trak) for trak in sound_tracks(moov)]
    except (BadBoxes, BadManifest, OSError) as error:
        raise AudioFileError(
            f"not a stem file: {path}: {error}; under a name without .stem its sound is read as of "
            "any other file"
        ) from error
    _check_tracks(path, tracks, manifest)
    return StemFile(path=path, manifest=manifest, rate=tracks[0].rate, samples=tracks[0].samples)


class StemSource(Closing):
    """An open stem file at a rate of one's own, as `AudioSource` is an open file: `blocks` are
    those of the master, `pieces` with its stems."""

    def __init__(self, file: StemFile, sample_rate: int | None = None) -> None:
        """Raises AudioFileError."""
        self.file = file
        self.sample_rate = sample_rate or file.rate
        self._energy = self._lacking = 0.0
        with ExitStack() as opened:
            self._sources = [
                opened.enter_context(
                    AudioSource(file.path, sample_rate=self.sample_rate, stream=number)
                )
                for number in range(len(file.stems) + 1)
            ]
            self._opened = opened.pop_all()

    @property
    def samples(self) -> int:
        return self._sources[0].samples

    @property
    def sanitized(self) -> int:
        return sum(source.sanitized for source in self._sources)

    @property
    def notes(self) -> list[str]:
        """What a person should be told about the file, so far."""
        names = ("master", *self.file.stems)
        notes = [
            f"{name}: {note}"
            for name, source in zip(names, self._sources, strict=True)
            for note in source.notes
        ]
        if self._energy and self._lacking_db() > _TOLD_DB:
            notes.append(
                f"its stems sum to the master but for {self._lacking_db():.0f} dB of it, perhaps "
                "its mastering: shared among them"
            )
        return notes

    def blocks(self, size: int) -> Iterator[Audio]:
        """The rest of the master in blocks (2, n) of `size` samples; the last may be shorter."""
        yield from self._sources[0].blocks(size)

    def pieces(self, size: int) -> Iterator[tuple[Audio, Audio]]:
        """The rest of it: stems (stems, 2, n) as they are in the file, and the master (2, n)."""
        master, *stems = self._sources
        for mix in master.blocks(size):
            samples = mix.shape[1]
            yield np.stack([_filled(source.read(samples), samples) for source in stems]), mix

    def summing(self, size: int) -> Iterator[tuple[Audio, Audio]]:
        """As `pieces`, but what the stems lack of the master is shared among them, so that all
        together they are the master."""
        for stems, mix in self.pieces(size):
            lacking = mix - stems.sum(0)
            self._energy += float(np.sum(mix.astype(np.float64) ** 2))
            self._lacking += float(np.sum(lacking.astype(np.float64) ** 2))
            yield stems + lacking / np.float32(len(stems)), mix

    def close(self) -> None:
        self._opened.close()

    def _lacking_db(self) -> float:
        return 10 * math.log10(max(self._lacking, 1e-30) / self._energy)


def _filled(block: Audio, samples: int) -> Audio:
    missing = samples - block.shape[1]
    return np.pad(block, ((0, 0), (0, missing))) if missing else block


def _manifest(moov: Box) -> Manifest:
    for atom in moov.all(b"udta", b"stem"):
        return parsed(atom.data)
    raise BadManifest("it has no stem atom, which most programs lose when they write a file anew")


def _check_tracks(path: Path, tracks: list[Track], manifest: Manifest) -> None:
    """Raises AudioFileError unless they can be a master and its stems."""
    wanted = len(manifest.names) + 1
    if len(tracks) != wanted or wanted < 2:
        raise AudioFileError(
            f"not a stem file: {path} has {len(tracks)} streams of sound, and its atom names "
            f"{len(manifest.names)} stems; there must be one more, the master"
        )
    master = tracks[0]
    for name, track in zip(manifest.stems, tracks[1:], strict=True):
        apart = abs(track.samples * master.rate - master.samples * max(track.rate, 1))
        if track.rate != master.rate or apart > PADDING_SECONDS * master.rate**2:
            raise AudioFileError(
                f"not a stem file: {path}: {name} has {track.samples} samples at {track.rate} Hz, "
                f"its master {master.samples} at {master.rate}; make it anew from stems that are "
                "cut alike"
            )
