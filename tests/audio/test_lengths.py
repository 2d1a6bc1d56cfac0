"""A file is read to its real end, whatever its header promises, and what differs is said."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from encoded import heard, noise, packed

from rtsep.audio.files import open_audio

RATE = 44_100
SAMPLES = 50_000
SILENT = "its header does not say how long it is: read to the end of the file"
BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def patched(data: bytes, *patches: tuple[int, str, int]) -> bytes:
    changed = bytearray(data)
    for place, form, value in patches:
        struct.pack_into(form, changed, place, value)
    return bytes(changed)


def with_size(format: str, data: bytes, size: int) -> bytes:
    """As its recorder would have left it, with `size` bytes of sound in the header."""
    if format in ("WAV", "WAVEX"):
        at = data.index(b"data")
        return patched(data, (4, "<I", min(size + at, 0xFFFFFFFF)), (at + 4, "<I", size))
    if format == "RF64":
        return patched(data, (20, "<Q", size), (28, "<Q", size), (36, "<Q", size // 4))
    if format == "W64":
        return patched(data, (data.index(b"data", 40) + 16, "<Q", size + 24))
    if format == "AIFF":
        sound, common = data.index(b"SSND"), data.index(b"COMM")
        counted = min(size + 8, 0xFFFFFFFF)
        return patched(data, (sound + 4, ">I", counted), (common + 10, ">I", size // 4))
    if format == "AU":
        return patched(data, (8, ">I", size))
    return patched(data, (data.index(b"data") + 4, ">q", size + 4))


PLAIN = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF")


@pytest.mark.parametrize("format", PLAIN)
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 8000])
def test_a_recorder_that_died(tmp_path: Path, format: str, size: int) -> None:
    audio = noise(2, SAMPLES)
    whole = packed(audio, RATE, format, "PCM_16")
    read, notes = heard(tmp_path / "take", with_size(format, whole, size))
    np.testing.assert_array_equal(read, heard(tmp_path / "whole", whole)[0])
    if size == 8000:
        assert len(notes) == 1 and "counts 0.0 s, but there are 1.1 s" in notes[0]
    elif size >= 0x7FFFF000 and format in ("RF64", "W64", "CAF"):  # 64 bits could mean it
        assert len(notes) == 1
    else:
        assert notes == [SILENT]


@pytest.mark.parametrize("format", PLAIN)
def test_a_whole_file_has_no_note(tmp_path: Path, format: str) -> None:
    audio = noise(2, SAMPLES)
    whole = packed(audio, RATE, format, "PCM_16")
    tag = b"TAG" + bytes(125)
    chunk = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + bytes(18)
    ends = [b"", chunk, chunk[:20]] if format.startswith("WAV") else [b""]
    if format != "W64":  # libsndfile takes these for sound there
        ends += [tag, bytes(700)]
    for end in ends:
        read, notes = heard(tmp_path / "whole", whole + end)
        assert read.shape[1] == SAMPLES and notes == [], end[:4]


@pytest.mark.parametrize("format", PLAIN)
def test_plain_sound_that_ends_early_is_told(tmp_path: Path, format: str) -> None:
    whole = packed(noise(2, SAMPLES), RATE, format, "PCM_16")
    read, notes = heard(tmp_path / "cut", whole[:-100_000])
    assert SAMPLES - 25_600 < read.shape[1] <= SAMPLES - 25_000
    assert notes == ["damaged or cut short: 0.6 s of 1.1 s could be read"]


def test_an_odd_size_and_a_writer_that_forgot_to_pad(tmp_path: Path) -> None:
    whole = packed(noise(1, 1001), RATE, "WAV", "PCM_U8")
    at = whole.index(b"data") + 8
    chunk = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + bytes(18)
    for data in (whole[: at + 1001] + b"\0" + chunk, whole[: at + 1001] + chunk):
        read, notes = heard(tmp_path / "odd.wav", data)
        assert read.shape[1] == 1001 and notes == ["mono: duplicated to stereo"]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_more_than_four_gigabytes_behind_a_size_of_32_bits(tmp_path: Path, size: int) -> None:
    head = packed(noise(2, 0), RATE, "WAV", "PCM_16")
    path = tmp_path / "long.wav"
    path.write_bytes(with_size("WAV", head, size))
    with path.open("r+b") as file:
        file.truncate(5 << 30)  # a file with a hole: it takes no room
    with open_audio(path, sample_rate=RATE) as source:
        assert source.samples == ((5 << 30) - len(head)) // 4
        assert source.notes == [SILENT]


def mp3_without_length(audio: np.ndarray) -> bytes:
    """An MP3 of variable rate, without the frame that counts the others."""
    data = packed(
        audio, RATE, "MP3", "MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.5
    )
    first = 144_000 * BITRATES[data[2] >> 4] // RATE + (data[2] >> 1 & 1)
    assert b"Xing" in data[:first]
    return data[first:]


@pytest.mark.parametrize("loud_first", [True, False])
def test_an_mp3_that_does_not_say_its_length(tmp_path: Path, loud_first: bool) -> None:
    audio = noise(2, 8 * RATE)
    audio[:, 2 * RATE :] *= 0.01
    audio = audio if loud_first else audio[:, ::-1]
    read, notes = heard(tmp_path / "a.mp3", mp3_without_length(audio))
    assert 0 <= read.shape[1] - 8 * RATE < 3000 and notes == []  # its delay is not said either


@pytest.mark.parametrize("end", [b"TAG" + bytes(125), b"APETAGEX" + bytes(100)])
def test_tags_at_the_end_of_an_mp3_are_no_damage(tmp_path: Path, end: bytes) -> None:
    data = packed(noise(2, SAMPLES), RATE, "MP3", "MPEG_LAYER_III")
    read, notes = heard(tmp_path / "a.mp3", data + end)
    assert read.shape[1] == SAMPLES and notes == []


def test_mp3s_one_after_the_other(tmp_path: Path) -> None:
    one = packed(noise(2, 10 * RATE), RATE, "MP3", "MPEG_LAYER_III")
    other = packed(noise(1, SAMPLES), 48_000, "MP3", "MPEG_LAYER_III")
    read, notes = heard(tmp_path / "a.mp3", one + other)
    assert abs(read.shape[1] - 10 * RATE - SAMPLES * RATE / 48_000) < 4000
    assert set(notes) == {
        "from 10.0 s on: 48000 instead of 44100 Hz",
        "from 10.0 s on: mono: duplicated to stereo",
    }


@pytest.mark.parametrize(
    ("format", "subtype"), [("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")]
)
def test_a_cut_song_is_told(tmp_path: Path, format: str, subtype: str) -> None:
    data = packed(noise(2, 3 * RATE), RATE, format, subtype)
    read, notes = heard(tmp_path / "a", data[: len(data) // 2])
    assert 1.0 < read.shape[1] / RATE < 2.0
    assert len(notes) == 1 and notes[0].startswith("damaged or cut short")


@pytest.mark.parametrize(("counted", "told"), [(0, ""), (20_000, "counts 0.5 s"), (90_000, "cut")])
def test_a_flac_that_counts_wrongly(tmp_path: Path, counted: int, told: str) -> None:
    audio = noise(2, 60_000)
    data = packed(audio, RATE, "FLAC", "PCM_24")
    (word,) = struct.unpack(">Q", data[18:26])
    wrong = patched(data, (18, ">Q", word >> 36 << 36 | counted))
    read, notes = heard(tmp_path / "a.flac", wrong)
    np.testing.assert_allclose(read, audio, atol=2**-23)
    assert (notes == []) == (told == "") and told in "".join(notes)


def ogg(samples: int, rate: int = RATE, channels: int = 2, subtype: str = "VORBIS") -> bytes:
    return packed(noise(channels, samples), rate, "OGG", subtype)


CHAINS = [
    (ogg(30_000), ogg(20_000), 50_000, []),
    (ogg(30_000), ogg(48_000, 48_000), 74_100, ["48000 instead of 44100 Hz"]),
    (ogg(30_000), ogg(20_000, channels=1), 50_000, ["mono: duplicated to stereo"]),
    (ogg(30_000), ogg(48_000, 48_000, 2, "OPUS"), 74_100, ["48000 instead of 44100 Hz"]),
    (ogg(30_000), ogg(20_000, channels=6), 50_000, ["6 channels (FL FC FR BL BR LFE) mixed"]),
]


@pytest.mark.parametrize(("first", "second", "samples", "told"), CHAINS)
def test_all_links_of_a_chained_ogg(
    tmp_path: Path, first: bytes, second: bytes, samples: int, told: list[str]
) -> None:
    read, notes = heard(tmp_path / "a.ogg", first + second)
    assert read.shape[1] == samples
    assert len(notes) == len(told)
    for note, words in zip(notes, told, strict=True):
        assert note.startswith("from 0.") and words in note
    alone, _ = heard(tmp_path / "b.ogg", second)
    np.testing.assert_array_equal(read[:, -alone.shape[1] :], alone)


def test_all_links_of_opus(tmp_path: Path) -> None:
    link = ogg(30_000, 48_000, 2, "OPUS")
    read, notes = heard(tmp_path / "a.opus", link + link + link, 48_000)
    alone, _ = heard(tmp_path / "b.opus", link, 48_000)
    np.testing.assert_array_equal(read, np.tile(alone, 3))
    assert notes == []


def test_the_same_ogg_twice_with_rubbish_between_and_a_cut(tmp_path: Path) -> None:
    one = ogg(30_000)
    assert heard(tmp_path / "a.ogg", one + one)[0].shape[1] == 60_000
    assert heard(tmp_path / "b.ogg", one + b"rubbish" * 300 + one)[0].shape[1] == 60_000
    cut, _ = heard(tmp_path / "c.ogg", one[:-3000] + one)
    np.testing.assert_array_equal(cut[:, -30_000:], heard(tmp_path / "d.ogg", one)[0])
