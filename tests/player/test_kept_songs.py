"""After every jump the samples are those of a straight decode, whatever the format."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deck import RATE, Deck, Start, ramp, write
from encoded import encode, packed
from stem_songs import song, write_song

from rtsep.audio.files import read_audio
from rtsep.errors import ConfigError
from rtsep.files.places import Kind, Place
from rtsep.files.sources import SourceBlocks
from rtsep.player.kept import PIECE, KeptSong
from rtsep.stem_files.reading import StemSource, look_into

SECONDS = 3


def music(rate: int, seed: int = 2) -> np.ndarray:
    """Noise below 8 kHz, which lossy formats keep."""
    wide = ramp(SECONDS * rate + 15, seed)
    return np.array([np.convolve(one, np.ones(16) / 8, "valid") for one in wide], np.float32)


def _soundfile(name: str, rate: int = RATE, **how: Any) -> Callable[[Path], Path]:
    def write_it(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(packed(music(rate), rate, **how))
        return path

    return write_it


def _chain(folder: Path) -> Path:
    path = folder / "chain.ogg"
    links = [packed(music(RATE, seed), RATE, "OGG", "VORBIS") for seed in (5, 6)]
    path.write_bytes(b"".join(links))
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "wav": _soundfile("song.wav", format="WAV", subtype="PCM_24"),
    "wav at 48 kHz": _soundfile("song.wav", 48_000, format="WAV", subtype="PCM_16"),
    "flac": _soundfile("song.flac", format="FLAC"),
    "vorbis": _soundfile("song.ogg", format="OGG", subtype="VORBIS"),
    "vorbis, a chain": _chain,
    "opus": _soundfile("song.opus", 48_000, format="OGG", subtype="OPUS"),
    "mp3": _soundfile("song.mp3", format="MP3", subtype="MPEG_LAYER_III"),
    "m4a": lambda folder: encode(folder / "song.m4a", music(RATE), RATE, "aac"),
    "webm": lambda folder: encode(folder / "song.webm", music(48_000), 48_000, "libopus"),
}


def opened(path: Path, tell: Callable[[str], object] = print, *, stems: bool = False) -> KeptSong:
    source = SourceBlocks(Place(Kind.FILE, str(path)))
    return KeptSong(source.open(0, RATE, stems=stems), path.stem, RATE, tell)


@pytest.mark.parametrize("kind", FORMATS)
def test_jumps_give_what_a_straight_decode_gives(kind: str, tmp_path: Path) -> None:
    path = FORMATS[kind](tmp_path)
    truth = read_audio(path, RATE)
    assert truth.shape[1] > 0.9 * SECONDS * RATE
    rng = np.random.default_rng(0)
    with opened(path) as kept:
        for start in (0, RATE, 2 * RATE, 7, *rng.integers(0, truth.shape[1], 20)):
            np.testing.assert_array_equal(kept.read(start, 1000), truth[:, start : start + 1000])
        assert kept.read(truth.shape[1] - 5, 100).shape == (2, 5) and kept.whole
        assert kept.samples == truth.shape[1]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_deck_jumps_in_every_format(kind: str, tmp_path: Path, deck: Start) -> None:
    path = FORMATS[kind](tmp_path)
    truth = read_audio(path, RATE)
    playing = deck(path)
    for target in (2.0, 0.5):
        playing.transport.seek(target)
        playing.turn()
        playing.play(RATE // 4)
        fed, place = playing.fed, round(target * RATE)
        joint = int(playing.shared.marks.joints()["position"][-1])
        after = fed[:, joint + 256 :]
        np.testing.assert_array_equal(after, truth[:, place + 256 :][:, : after.shape[1]])


def test_stems_are_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(SECONDS * RATE), codec="alac")
    with StemSource(look_into(path)) as source:
        pieces = list(source.pieces(5000))
    rows = np.concatenate([np.concatenate((mix, stems.reshape(8, -1))) for stems, mix in pieces], 1)
    with opened(path, stems=True) as kept:
        for start in (RATE, 100, 2 * RATE):
            np.testing.assert_array_equal(kept.read(start, 999), rows[:, start : start + 999])


class FullDisk:
    """A file that takes so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import tempfile

    make = tempfile.TemporaryFile
    monkeypatch.setattr(
        "rtsep.player.kept.tempfile.TemporaryFile",
        lambda **how: FullDisk(make(**how), 8 * RATE),
    )
    yield


def test_a_full_disk_costs_jumps_and_no_sound(full_disk: None, tmp_path: Path) -> None:
    audio, told = ramp(6 * RATE), list[str]()
    with opened(write(tmp_path / "song.wav", audio), told.append) as kept:
        for start in range(0, audio.shape[1], 4096):
            np.testing.assert_array_equal(kept.read(start, 4096), audio[:, start : start + 4096])
        assert len(told) == 1 and "No space left" in told[0] and "0:00" in told[0]
        np.testing.assert_array_equal(kept.read(100, 999), audio[:, 100:1099])
        kept.check(PIECE)
        with pytest.raises(ConfigError, match="full"):
            kept.check(3 * RATE)


def test_a_place_that_was_not_read_yet_is_waited_for_in_sound(deck: Start, tmp_path: Path) -> None:
    audio = ramp(60 * RATE)
    playing: Deck = deck(write(tmp_path / "long.wav", audio))
    playing.play(RATE // 4, feeds=False)
    assert not playing.reel.song.whole
    playing.transport.seek(55.0)
    turns = 0
    while not playing.feeder.settled:
        playing.play(512)
        turns += 1
    playing.play(RATE // 4)
    assert not playing.shared.counters.starved[0] and turns < 1000
    joint = int(playing.shared.marks.joints()["position"][-1])
    after = playing.fed[:, joint + 256 :]
    np.testing.assert_array_equal(after, audio[:, 55 * RATE + 256 :][:, : after.shape[1]])
