"""Sound files, and folders with songs."""

from __future__ import annotations

import io
import shutil
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import soundfile

from rtsep.audio.decoding import CHUNK_FRAMES
from rtsep.audio.files import open_audio
from rtsep.measure.songs import read_song
from tests.encoded import encode, noise
from tests.fuzz.kinds import Kind
from tests.fuzz.mutate import mutated

RATE = 44_100
MOST_SAMPLES = 1 << 20  # that are read of one file; honest ones may be hours long
FORMATS = (
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM"), ("WAV", "GSM610"), ("RF64", "PCM_24"),
    ("W64", "PCM_16"), ("AIFF", "PCM_24"), ("AU", "ULAW"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("NIST", "PCM_16"),
    ("VOC", "PCM_U8"), ("IRCAM", "PCM_16"), ("MAT5", "FLOAT"), ("SVX", "PCM_16"), ("PAF", "PCM_16"),
)  # fmt: skip
FFMPEG = (
    ("a.m4a", "aac"), ("a.mp4", "alac"), ("a.mka", "aac"), ("a.wv", "wavpack"), ("a.ac3", "ac3"),
    ("a.ts", "mp2"), ("a.avi", "libmp3lame"), ("a.aac", "aac"),
)  # fmt: skip
WORDS = (
    b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"fact", b"ds64", b"FORM", b"COMM", b"SSND",
    b"fLaC", b"OggS", b"ID3\x04", b"caff", b"\xff\xfb\x90\x64", b"\xff\xff\xff\xff", bytes(64),
)  # fmt: skip


@cache
def seeds() -> tuple[bytes, ...]:
    """A tenth of a second in every format that this libsndfile writes, and in some of FFmpeg's."""
    rng = np.random.default_rng(1)
    found = []
    for number, (format, subtype) in enumerate(FORMATS):
        channels = 1 if subtype in ("GSM610",) or number % 3 == 0 else 2
        rate = 48_000 if subtype == "OPUS" else 8_000 if subtype == "GSM610" else RATE
        sound = rng.uniform(-0.5, 0.5, (rate // 10, channels)).astype(np.float32)
        file = io.BytesIO()
        with suppress(ValueError, soundfile.SoundFileError):
            soundfile.write(file, sound, rate, format=format, subtype=subtype)
            found.append(file.getvalue())
    with TemporaryDirectory() as folder:
        for name, codec in FFMPEG:
            found.append(encode(Path(folder, name), noise(2, 4410), RATE, codec).read_bytes())
    return tuple(found)


def make_audio(random: Random) -> bytes:
    if random.random() < 0.05:
        return random.randbytes(random.randrange(400))
    return mutated(seeds(), random, WORDS)


def check_audio(path: Path) -> None:
    with open_audio(path, sample_rate=RATE) as source:
        assert source.source_rate >= 1000 and source.samples >= 0
        got = 0
        for block in source.blocks(CHUNK_FRAMES):
            assert block.shape[0] == 2 and block.dtype == np.float32
            assert np.isfinite(block).all() and np.abs(block).max(initial=0.0) < 1e10
            got += block.shape[1]
            if got >= MOST_SAMPLES:
                break
        assert got > 0
        assert all("\n" not in note for note in source.notes)


def make_song(random: Random) -> bytes:
    """A zip file, because a folder is to be one piece of data; `check_song` unpacks it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("mixture.wav", "drums.wav", "vocals.flac", "rest.ogg", "notes.txt", "a.b.wav"):
            if random.random() < 0.8:
                good = random.random() < 0.7
                archive.writestr(name, seeds()[0] if good else make_audio(random))
    return packed.getvalue()


def check_song(path: Path) -> None:
    folder = path.parent / "song"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    song = read_song(folder, RATE)
    assert "mixture" in song and len({audio.shape for audio in song.values()}) == 1
    assert all(np.isfinite(audio).all() for audio in song.values())


KINDS = (
    Kind(name="audio", file="sound.wav", make=make_audio, check=check_audio),
    Kind(name="song", file="song.zip", make=make_song, check=check_song, named=False),
)
