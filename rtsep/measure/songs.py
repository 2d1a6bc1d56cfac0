"""Music with known stems, and how near a separation comes to them.

A song is a folder with `mixture` and a file for some of its stems, named like them; one named
`rest` is compared with the sum of all stems that have no file of their own. Or it is a stem file,
whose mixture is the sum of its stems: the master of a record has been through more than a sum.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rtsep.audio.files import open_audio, read_audio
from rtsep.config import REST
from rtsep.engine.stream import Stream
from rtsep.errors import AudioFileError, ConfigError
from rtsep.metrics import MEAN, sdr
from rtsep.stem_files.reading import StemSource, is_stem_file, look_into

Audio = np.ndarray[Any, Any]
Song = dict[str, Audio]  # (channels, samples) each, all of one length

MIXTURE = "mixture"
SUFFIXES = (".wav", ".flac", ".aiff", ".aif", ".ogg", ".opus", ".mp3", ".m4a", ".wma")
# Encoders fill up their last block; what differs by more was cut differently.
PADDING_SECONDS = 0.1
# Of the mixture's energy. A stem below it (60 dB) rests, and is compared with nothing: the SDR of
# a rest is hugely negative and would drown the others in a mean.
INAUDIBLE = 1e-6


def check_song(path: Path) -> None:
    """Raises AudioFileError unless it is a song. Decodes nothing."""
    if is_stem_file(path):
        look_into(path)
    else:
        song_files(path)


def song_files(folder: Path) -> dict[str, Path]:
    """The mixture and the stems, by name. Opens each, decodes none.

    Raises AudioFileError for a folder that is no song and files that cannot be read.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise AudioFileError(
            f"cannot read {folder}: {error.strerror}; give a folder with a song's stems"
        ) from error
    files: dict[str, Path] = {}
    for path in paths:
        if path.stem in files:
            raise AudioFileError(f"{files[path.stem]} and {path.name}: keep one of the two")
        files[path.stem] = path
    if MIXTURE not in files:
        raise AudioFileError(
            f"no mixture in {folder}, only {', '.join(files) or 'no audio at all'}; a song is a "
            "folder with mixture.wav and a file per stem"
        )
    if not files.keys() - {MIXTURE, REST}:
        raise AudioFileError(
            f"no stems in {folder}; put drums.wav, vocals.wav, ... beside the mixture"
        )
    for path in files.values():
        open_audio(path, sample_rate=44_100).close()
    return files


def read_song(folder: Path, sample_rate: int, channels: int = 2) -> Song:
    """All of it, at `sample_rate`. What encoders padded is cut off.

    Raises AudioFileError as `check_song` does, and for stems of another length than the mixture.
    """
    if is_stem_file(folder):
        return _read_stem_file(folder, sample_rate, channels)
    files = song_files(folder)
    song = {name: read_audio(path, sample_rate, channels=channels) for name, path in files.items()}
    lengths = {name: audio.shape[1] / sample_rate for name, audio in song.items()}
    for name, seconds in lengths.items():
        if abs(seconds - lengths[MIXTURE]) > PADDING_SECONDS:
            raise AudioFileError(
                f"{files[name]} is {seconds:.2f} s long and its mixture {lengths[MIXTURE]:.2f} s; "
                "cut both from the same place"
            )
    samples = min(audio.shape[1] for audio in song.values())
    return {name: audio[:, :samples] for name, audio in song.items()}


def _read_stem_file(path: Path, sample_rate: int, channels: int) -> Song:
    if channels != 2:
        raise ConfigError(f"{path} is stereo, and the model is not; give a folder with stems")
    with StemSource(look_into(path), sample_rate) as source:
        stems = np.concatenate([stems for stems, _ in source.pieces(sample_rate)], -1)
        names = source.file.stems
    return {MIXTURE: stems.sum(0), **dict(zip(names, stems, strict=True))}


def excerpt(song: Song, first: int, last: int) -> Song:
    """Samples `first` up to `last` of every track."""
    return {name: audio[:, first:last] for name, audio in song.items()}


def streamed(
    stream: Stream, mix: Audio, heed: Callable[[float], None] = lambda seconds: None
) -> Audio:
    """The stems of a whole signal, without the delay. `heed` hears how long each step took."""
    hop, parts = stream.spec.hop, []
    for start in range(0, mix.shape[1], hop):
        block = mix[:, start : start + hop]
        began = time.perf_counter()
        parts.append(stream.process(block))
        if block.shape[1] == hop:  # less is no step yet
            heed(time.perf_counter() - began)
    out = np.concatenate([*parts, stream.flush()], -1)
    return out[..., stream.latency_samples :]


def check_stems(stems: Sequence[str], song: Song) -> None:
    """Raises ConfigError unless a model with `stems` gives all that `song` has."""
    known = ", ".join(stems)
    for name in song.keys() - {MIXTURE, REST}:
        if name not in stems:
            raise ConfigError(
                f"no stem {name!r}; this model has {known}; rename its file, or move it away"
            )
    if REST in song and not set(stems) - (song.keys() - {REST}):
        raise ConfigError(f"each of {known} has a file, so nothing is left for {REST!r}")


def score(stems: Sequence[str], song: Song, estimates: Audio) -> dict[str, float]:
    """SDR in dB of each stem that is heard in the song, and their mean, which comes last.

    `estimates` (stems, channels, samples) are those of the song's mixture. Raises ConfigError when
    no stem is heard.
    """
    separated = dict(zip(stems, estimates, strict=True))
    without_file = [stem for stem in stems if stem == REST or stem not in song]
    separated[REST] = np.sum([separated[stem] for stem in without_file], 0)
    scores = {
        stem: sdr(truth, separated[stem])
        for stem, truth in song.items()
        if stem != MIXTURE and _energy(truth) > INAUDIBLE * _energy(song[MIXTURE])
    }
    if not scores:
        raise ConfigError("all stems are silent there; take another excerpt")
    scores[MEAN] = float(np.mean(list(scores.values())))
    return {stem: round(value, 3) for stem, value in scores.items()}


def _energy(audio: Audio) -> float:
    return float(np.sum(audio.astype(np.float64) ** 2))
