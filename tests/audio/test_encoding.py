"""Compressed files have the samples that were written, at their places, and their song's tags."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from encoded import noise

from rtsep.audio.encoded_stems import EncodedStemWriter
from rtsep.audio.encoding import EncodedWriter
from rtsep.audio.files import read_audio
from rtsep.audio.formats import FORMATS
from rtsep.audio.tags import Cover, Tags, read_tags
from rtsep.errors import AudioFileError

RATE = 44_100
TEXTS = {
    "title": "Blå", "artist": "A & B", "album": "C", "album_artist": "D", "date": "1999",
    "track": "3/9", "genre": "Funk", "composer": "E",
}  # fmt: skip
LOUDNESS = {"flac": -120, "alac": -120, "mp3": -18, "m4a": -14, "opus": -13}  # of what is lost, dB


def music(samples: int, channels: int = 2) -> np.ndarray:
    """Noise without the highs, which encoders would take away."""
    wide = noise(channels, samples + 8)
    return np.stack([np.convolve(one, np.ones(9) / 9, "valid") for one in wide]).astype(np.float32)


def picture(folder: Path, codec: str) -> Cover:
    path = folder / f"cover.{codec}"
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = {"png": "rgb24", "mjpeg": "yuvj420p"}[codec]
        frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 77, np.uint8))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Cover(data=path.read_bytes(), codec=codec, width=16, height=16)


def written(path: Path, audio: np.ndarray, *, piece: int = 7777, **options: object) -> Path:
    writer = EncodedWriter(path, channels=len(audio), **options)  # type: ignore[arg-type]
    for start in range(0, audio.shape[1], piece):
        writer.write(audio[:, start : start + piece])
    assert not path.exists()
    writer.close()
    return path


def lost_db(audio: np.ndarray, read: np.ndarray) -> float:
    return float(10 * np.log10(np.sum((audio - read) ** 2.0) / np.sum(audio**2.0)))


def lag(audio: np.ndarray, read: np.ndarray) -> int:
    """By how many samples what was read is late."""
    count = 2 * audio.shape[1]
    spectra = np.fft.rfft(audio[0], count).conj() * np.fft.rfft(read[0], count)
    place = int(np.argmax(np.fft.irfft(spectra)))
    return place if place < count // 2 else place - count


def by_pyav(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([_floats(frame) for frame in container.decode(audio=0)], 1)


def _floats(frame: av.AudioFrame) -> np.ndarray:
    planar = frame.format.is_planar
    samples = frame.to_ndarray() if planar else frame.to_ndarray().reshape(frame.samples, -1).T
    return samples if samples.dtype.kind == "f" else samples / 2.0**31


@pytest.mark.parametrize("samples", [100, 500, 44_100, 100_001])
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_read_is_what_was_written(tmp_path: Path, format: str, samples: int) -> None:
    audio, rate = music(samples), 48_000 if format == "opus" else RATE
    path = tmp_path / f"song{FORMATS[format].suffix}"
    written(path, audio, format=format, sample_rate=rate, bitrate=None)
    read, other = read_audio(path, rate), by_pyav(path)
    assert read.shape == audio.shape
    # An AAC track is whole frames of 1024 to PyAV; what comes after the end is to be cut.
    assert other.shape[1] == (-(-samples // 1024) * 1024 if format == "m4a" else samples)
    if samples > 1000:
        assert lag(audio, read) == lag(audio, other[:, :samples]) == 0
        assert lost_db(audio, read) < LOUDNESS[format]
    if format in ("flac", "mp3", "opus"):
        third, _ = soundfile.read(path)
        assert len(third) == samples
        if samples > 1000:
            assert lag(audio, third.T) == 0


@pytest.mark.parametrize("format", FORMATS)
def test_another_rate_and_one_channel(tmp_path: Path, format: str) -> None:
    """Opus is 48 kHz, MP3 nothing above it."""
    audio = music(50_000, channels=1)
    path = written(
        tmp_path / f"song{FORMATS[format].suffix}", audio, format=format, sample_rate=96_000
    )
    read = read_audio(path, 96_000, channels=1)
    assert read.shape == audio.shape
    assert lag(audio, read) == 0


@pytest.mark.parametrize("codec", ["png", "mjpeg"])
@pytest.mark.parametrize("format", FORMATS)
def test_tags_and_cover_come_along(tmp_path: Path, format: str, codec: str) -> None:
    tags = Tags(texts=TEXTS, cover=picture(tmp_path, codec))
    audio = music(5000)
    first = tmp_path / f"first{FORMATS[format].suffix}"
    written(first, audio, format=format, sample_rate=RATE, tags=tags)
    assert read_tags(first) == tags
    second = tmp_path / "second.flac"
    written(second, audio, format="flac", sample_rate=RATE, tags=read_tags(first))
    assert read_tags(second) == tags
    assert read_audio(first, RATE).shape == audio.shape  # a cover moves nothing


def test_a_file_without_tags_has_none(tmp_path: Path) -> None:
    (tmp_path / "no sound").write_bytes(b"nothing")
    for name in ("no sound", "no file"):
        assert read_tags(tmp_path / name) == Tags()


def test_a_bitrate_is_kept(tmp_path: Path) -> None:
    audio, sizes = music(100_000), {}
    for format in ("mp3", "m4a", "opus"):
        for bitrate in (96, 192):
            path = tmp_path / f"{bitrate}{FORMATS[format].suffix}"
            written(path, audio, format=format, sample_rate=RATE, bitrate=bitrate)
            sizes[format, bitrate] = path.stat().st_size
        assert 1.6 < sizes[format, 192] / sizes[format, 96] < 2.2
    with pytest.raises(AudioFileError, match="no aac of 1 kb/s; choose a bit rate from 32 to 512"):
        EncodedWriter(tmp_path / "x.m4a", format="m4a", sample_rate=RATE, bitrate=1)
    with pytest.raises(AudioFileError, match="flac keeps all of the sound; leave the bit rate out"):
        EncodedWriter(tmp_path / "x.flac", format="flac", sample_rate=RATE, bitrate=256)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_again_is_the_same_bytes(tmp_path: Path, format: str) -> None:
    """Over what a killed run left, too."""
    suffix = FORMATS[format].suffix
    tags = Tags(texts=TEXTS, cover=picture(tmp_path, "png"))
    (tmp_path / f".two{suffix}.part").write_bytes(b"half a file" * 10_000)
    for name in ("one", "two"):
        written(
            tmp_path / f"{name}{suffix}", music(9000), format=format, sample_rate=RATE, tags=tags
        )
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_over_full_scale_is_counted_where_it_is_clipped(tmp_path: Path) -> None:
    audio = music(3000)
    audio[0, :5] = 1.5
    for format in ("flac", "alac"):
        path = tmp_path / f"{format}{FORMATS[format].suffix}"
        writer = EncodedWriter(path, format=format, sample_rate=RATE)
        writer.write(audio)
        writer.close()
        assert writer.clipped == 5
        np.testing.assert_allclose(read_audio(path, RATE), np.clip(audio, -1, 1), atol=2**-23)


@pytest.mark.parametrize("format", FORMATS)
def test_a_writer_that_gives_up_leaves_what_was_there(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"vocals{FORMATS[format].suffix}"
    path.write_bytes(b"an older file")
    stems = music(50_000)[None]
    with (
        pytest.raises(KeyboardInterrupt),
        EncodedStemWriter(tmp_path, ["vocals"], RATE, format=format) as writer,
    ):
        writer.write(stems)
        raise KeyboardInterrupt
    assert path.read_bytes() == b"an older file"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_stems_are_named_and_titled(tmp_path: Path) -> None:
    audio = music(9000)
    tags = Tags(texts=TEXTS)
    with EncodedStemWriter(
        tmp_path / "song", ["drums", "vocals"], RATE, format="m4a", tags=tags, mix=True
    ) as writer:
        writer.write(np.stack([audio, audio / 2]), audio)
    assert [path.name for path in writer.files] == ["drums.m4a", "vocals.m4a", "mix.m4a"]
    titles = [read_tags(path).texts["title"] for path in writer.files]
    assert titles == ["Blå (drums)", "Blå (vocals)", "Blå"]
    assert {path.name for path in (tmp_path / "song").iterdir()} == {
        path.name for path in writer.files
    }


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "vocals.flac"
    written(path, music(900), format="flac", sample_rate=RATE)
    with pytest.raises(AudioFileError, match="is being read and would be overwritten"):
        EncodedStemWriter(tmp_path, ["vocals"], RATE, format="flac", inputs=[path])


FULL = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from rtsep.audio.encoding import EncodedWriter
from rtsep.audio.formats import FORMATS
from rtsep.errors import AudioFileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for format in FORMATS:
    path = Path(sys.argv[1]) / f"{format}{FORMATS[format].suffix}"
    writer = EncodedWriter(path, format=format, sample_rate=44_100)
    try:
        writer.write(np.random.default_rng(0).uniform(-0.3, 0.3, (2, 100_000)).astype(np.float32))
        writer.close()
    except AudioFileError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    told = done.stdout.splitlines()
    assert len(told) == len(FORMATS), done
    for line in told:
        assert "cannot write" in line and "free space" in line
    assert not list(tmp_path.iterdir())
