"""Reading: every format, rate and width comes out exact, and damage is told, not raised."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtsep.audio.files import open_audio, read_audio
from rtsep.audio.resampling import resampled_length
from rtsep.audio.wav import Audio
from rtsep.audio.writer import write_file
from rtsep.errors import AudioFileError

RATE = 44_100
RATES = [8_000, 22_050, 44_100, 48_000, 96_000]


def noise(channels: int, samples: int) -> Audio:
    rng = np.random.default_rng(channels * 100_003 + samples)
    return rng.uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


def save(path: Path, audio: Audio, rate: int = RATE, subtype: str | None = "FLOAT") -> Path:
    soundfile.write(path, audio.T, rate, subtype=subtype)
    return path


def snr_db(expected: np.ndarray, got: np.ndarray) -> float:
    expected = expected.astype(np.float64)
    error = np.sum((got - expected) ** 2) + 1e-30  # bit-exact is 300 dB, not infinitely many
    return float(10 * np.log10(np.sum(expected**2) / error))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_own_rate_is_bit_exact_and_channels_are_mapped(
    tmp_path: Path, rate: int, channels: int
) -> None:
    audio = noise(channels, 20_001)
    with open_audio(save(tmp_path / "a.wav", audio, rate), sample_rate=rate) as source:
        read = source.read(99_999)
        assert (source.source_rate, source.source_channels) == (rate, channels)
        assert source.samples == 20_001
        notes = {
            1: ["mono: duplicated to stereo"],
            2: [],
            5: ["5 channels: the first two are used"],
        }
        assert source.notes == notes[channels]
    np.testing.assert_array_equal(read, audio[[0, 0]] if channels == 1 else audio[:2])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frames", [1, 2, 800, 8_191, 8_192, 8_193, 50_001])
def test_length_is_known_beforehand_and_exact(tmp_path: Path, rate: int, frames: int) -> None:
    path = save(tmp_path / "a.wav", noise(2, frames), rate)
    with open_audio(path, sample_rate=RATE) as source:
        assert source.samples == max(1, round(frames * RATE / rate))
    assert read_audio(path, RATE).shape == (2, source.samples)


@pytest.mark.parametrize("rate", RATES)
def test_resampling_keeps_an_impulse_in_its_place(tmp_path: Path, rate: int) -> None:
    audio = np.zeros((2, 2 * rate), np.float32)
    audio[:, rate] = 1.0
    read = read_audio(save(tmp_path / "a.wav", audio, rate), RATE)
    assert np.argmax(np.abs(read), axis=1).tolist() == [RATE, RATE]


@pytest.mark.parametrize("rate", RATES)
def test_resampling_keeps_a_sine_clean(tmp_path: Path, rate: int) -> None:
    def sine(at: int) -> Audio:
        tone = 0.5 * np.sin(2 * np.pi * 997 * np.arange(2 * at) / at)
        return np.stack([tone, -tone]).astype(np.float32)

    read = read_audio(save(tmp_path / "a.wav", sine(rate), rate), RATE)
    inner = slice(RATE // 2, -RATE // 2)  # the ends meet silence and ring
    assert snr_db(sine(RATE)[:, inner], read[:, inner]) > 120


@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize("block", [1, 63, 1024, 8_193, 44_100])
def test_block_size_changes_no_bit(tmp_path: Path, rate: int, block: int) -> None:
    path = save(tmp_path / "a.wav", noise(2, 20_000), rate)
    with open_audio(path, sample_rate=RATE) as source:
        blocks = list(source.blocks(block))
    assert all(one.shape == (2, block) for one in blocks[:-1])
    assert all(one.dtype == np.float32 and one.flags.c_contiguous for one in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), read_audio(path, RATE))


@pytest.mark.parametrize(
    ("suffix", "subtype", "least_db"),
    [
        ("wav", "PCM_16", 75),
        ("wav", "DOUBLE", 140),
        ("flac", "PCM_24", 120),
        ("aiff", "PCM_24", 120),
        ("ogg", "VORBIS", 10),
        ("mp3", None, 10),
    ],
)
def test_formats(tmp_path: Path, suffix: str, subtype: str | None, least_db: float) -> None:
    if suffix.upper() not in soundfile.available_formats():
        pytest.skip(f"this libsndfile has no {suffix}")
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    audio = np.stack([tone, 0.5 * tone]).astype(np.float32)
    read = read_audio(save(tmp_path / f"a.{suffix}", audio, subtype=subtype), RATE)
    assert read.shape == audio.shape
    assert snr_db(audio, read) > least_db


@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_broken_samples_become_silence_and_are_counted(tmp_path: Path, rate: int) -> None:
    audio = noise(5, 30_000)
    audio[0, 100:110] = np.nan
    audio[1, 20_000] = np.inf
    audio[1, 20_001] = -np.inf
    audio[1, 20_002] = 3e38
    audio[0, 5] = 1e-40  # denormal: silence, and nothing worth telling
    audio[4, 7] = np.nan  # in a channel that nobody hears
    with open_audio(save(tmp_path / "a.wav", audio, rate), sample_rate=RATE) as source:
        read = np.concatenate(list(source.blocks(1000)), axis=1)
        assert source.sanitized == 13
        assert "13 NaN or infinite samples replaced by silence" in source.notes
    assert np.isfinite(read).all() and np.abs(read).max() < 10
    if rate == RATE:
        assert not read[0, 100:110].any() and read[0, 5] == 0


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "ogg"])
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path, suffix: str, rate: int) -> None:
    whole = save(tmp_path / f"whole.{suffix}", noise(2, 3 * rate), rate, subtype=None)
    data = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(data[: len(data) // 2])
    with open_audio(cut, sample_rate=RATE) as source:
        read = np.concatenate(list(source.blocks(4096)), axis=1)
        told = any(note.startswith("damaged or cut short") for note in source.notes)
    assert 1.0 < read.shape[1] / RATE < 2.0
    assert told or source.samples == read.shape[1]
    inner = read.shape[1] - 1000  # where the cut rings
    np.testing.assert_array_equal(read[:, :inner], read_audio(whole, RATE)[:, :inner])


def test_a_few_milliseconds_that_are_missing_are_seen_in_the_note(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.flac", noise(2, 2 * RATE), subtype=None).read_bytes()
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole[:-2000])
    with open_audio(cut, sample_rate=RATE) as source:
        got = sum(block.shape[1] for block in source.blocks(4096)) / RATE
        assert 1.8 < got < 2
        seconds = f"{got:.3f} s of 2.000 s"
        assert source.notes == [f"damaged or cut short: {seconds} could be read"]


def test_unfinished_flac_is_read_to_its_end(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.flac", noise(2, RATE), subtype="PCM_24").read_bytes()
    assert whole[:4] == b"fLaC"
    unknown = bytearray(whole)  # STREAMINFO ends with 36 bits of length and 16 bytes of MD5
    unknown[21] &= 0xF0
    unknown[22:42] = bytes(20)
    path = tmp_path / "unknown.flac"
    path.write_bytes(unknown)
    with open_audio(path, sample_rate=48_000) as source:
        assert sum(block.shape[1] for block in source.blocks(1000)) == source.samples == 48_000
        assert source.notes == []
    np.testing.assert_array_equal(read_audio(path, RATE), read_audio(tmp_path / "whole.flac", RATE))


def refused(path: str | Path) -> str:
    with pytest.raises(AudioFileError) as caught:
        open_audio(path, sample_rate=RATE)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_refusals_say_what_was_given_and_what_to_do(tmp_path: Path) -> None:
    save(tmp_path / "lithium.wav", noise(2, 10))
    (tmp_path / "void.wav").touch()
    soundfile.write(tmp_path / "silent.wav", np.zeros((0, 2)), RATE)
    (tmp_path / "notes.txt").write_text("la la la")
    (tmp_path / "headerless.raw").write_bytes(b"12345678")
    assert "close matches in that folder: lithium.wav" in refused(tmp_path / "litium.wav")
    assert "check the path" in refused(tmp_path / "zzzzzzzz")
    assert "no folder" in refused(tmp_path / "nowhere" / "a.wav")
    assert "no folder" in refused(tmp_path / "notes.txt" / "a.wav")
    assert "no such file" in refused("nul\0inside.wav")
    assert "name too long" in refused(tmp_path / ("x" * 300)).lower()
    assert "is a folder" in refused(tmp_path)
    assert "the file is empty" in refused(tmp_path / "void.wav")
    assert "0 samples" in refused(tmp_path / "silent.wav")
    not_audio = refused(tmp_path / "notes.txt")
    assert "notes.txt (it is text); give another one" in not_audio
    assert "not an audio file" in refused(tmp_path / "headerless.raw")


def _mp3() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, noise(2, RATE // 2).T, RATE, format="MP3")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0" * 9000, "it begins with nothing but zeros, as a download does that did not end"),
        (b"<!DOCTYPE html><html>404 Not found</html>" * 9, "it is a web page"),
        (b'{"error": "quota"}', "it is text"),
        (b"%PDF-1.4\n" + bytes(range(256)), "it is a PDF document"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)), "it is a picture"),
        (b"ID3\x03\0\0\0\0\x10\0" + b"\0" * 2048, "it has tags, and no sound behind them"),
        (_mp3()[:40], "it has only 40 bytes"),
        (_mp3()[:400], "libsndfile: Format not recognised; FFmpeg: Invalid data"),
        (_mp3()[:417] + b"\x55\xaa" * 5000, "FFmpeg: Invalid data"),
    ],
    ids=range(9),
)
def test_what_an_mp3_is_that_is_none(tmp_path: Path, data: bytes, said: str) -> None:
    """libsndfile says of all of them that there is no such file."""
    path = tmp_path / "song.mp3"
    path.write_bytes(data)
    told = refused(path)
    assert said in told and "exist" not in told and "no MP3" not in told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert "not a regular file" in refused(tmp_path / "pipe.wav")


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.wav", noise(2, 10))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may read everything, so chmod proves nothing
    assert "Permission denied" in refused(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    head=st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"FORM", b"ID3", b"RF64", b"caff"]),
    body=st.binary(max_size=400),
)
def test_garbage_is_refused_or_read_but_never_crashes(
    tmp_path: Path, head: bytes, body: bytes
) -> None:
    path = tmp_path / "garbage.bin"
    path.write_bytes(head + body)
    read_or_refused(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), max_size=6))
def test_damaged_header_is_refused_or_read_but_never_crashes(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / "damaged.wav"
    write_file(path, noise(2, 50), RATE)
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place] = value
    path.write_bytes(data)
    read_or_refused(path)


def read_or_refused(path: Path) -> None:
    """Reads at most a little: a damaged rate may honestly mean hours of audio."""
    try:
        with open_audio(path, sample_rate=RATE) as source:
            block = source.read(100_000)
    except AudioFileError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(block).all() and block.shape[0] == 2


def test_resampled_length_needs_no_floats() -> None:
    hours = 10 * 3600 * 48_000
    assert resampled_length(hours, 48_000, 44_100) == 10 * 3600 * 44_100
    assert resampled_length(0, 48_000, 44_100) == 0
    assert resampled_length(1, 96_000, 44_100) == 1
