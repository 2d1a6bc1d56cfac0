"""Where a click is in a file, there it is in what is read, and in the stems: delay and padding that
encoders add are taken off."""

from __future__ import annotations

from pathlib import Path

import encoded
import numpy as np
import pytest
import soundfile

from rtsep.audio.files import read_audio
from rtsep.engine.separator import Separator
from rtsep.files.session import FileSession, run_file_session

MODEL_RATE = 44_100
SNDFILE = {
    "lame.mp3": ("MP3", "MPEG_LAYER_III"),
    "vorbis.ogg": ("OGG", "VORBIS"),
    "opus.opus": ("OGG", "OPUS"),
    "flac.flac": ("FLAC", "PCM_16"),
    "wav.wav": ("WAV", "PCM_16"),
}
FFMPEG = {
    "aac.m4a": "aac", "alac.m4a": "alac",
    "lavf.mp3": "libmp3lame", "opus.webm": "libopus", "opus.mp4": "libopus",
    "wavpack.wv": "wavpack",
}  # fmt: skip
CASES = [
    (name, rate)
    for name in [*SNDFILE, *FFMPEG]
    for rate in (44_100, 48_000)
    if not (name.startswith("opus") and rate == 44_100)  # Opus has 48 kHz only
]


def write(path: Path, audio: np.ndarray, rate: int) -> Path:
    if path.name in FFMPEG:
        return encoded.encode(path, audio, rate, FFMPEG[path.name])
    format, subtype = SNDFILE[path.name]
    path.write_bytes(encoded.packed(audio, rate, format, subtype))
    return path


def found(audio: np.ndarray) -> int:
    return int(np.argmax(np.abs(audio[0])))


@pytest.mark.parametrize(("name", "rate"), CASES)
def test_a_click_is_read_where_it_is(tmp_path: Path, name: str, rate: int) -> None:
    samples, at = 2 * rate + 123, rate + 77
    path = write(tmp_path / name, encoded.click(samples, at), rate)
    own = read_audio(path, rate)
    assert found(own) == at
    assert own.shape[1] == samples
    if rate != MODEL_RATE:
        assert abs(found(read_audio(path, MODEL_RATE)) - at * MODEL_RATE / rate) <= 1


@pytest.mark.parametrize(
    ("name", "rate"), [case for case in CASES if case[0] in {*SNDFILE, "aac.m4a"}]
)
def test_a_click_is_in_its_place_in_the_stems(
    tmp_path: Path, small_separator: Separator, name: str, rate: int
) -> None:
    at = rate // 3
    path = write(tmp_path / name, encoded.click(rate, at), rate)
    session = FileSession(input=str(path), output=str(tmp_path / "out"))
    report = run_file_session(small_separator, session)
    stems = [soundfile.read(file)[0].T for file in report.files if file.stem != "mix"]
    assert stems[0].shape[1] == MODEL_RATE
    off = found(np.sum(stems, axis=0)) - at * MODEL_RATE / rate
    assert off == 0 if rate == MODEL_RATE else abs(off) <= 1


def test_what_itunes_says_of_delay_and_padding_is_heeded(tmp_path: Path) -> None:
    """Its older files have no list of edits, but a comment of numbers."""
    rate, samples, at = 44_100, 44_100, 20_000
    path = encoded.encode(
        tmp_path / "a.m4a", encoded.click(samples, at), rate, "aac", use_editlist="0"
    )
    assert found(read_audio(path, rate)) == at + 1024
    valid = samples - 500
    path.write_bytes(with_comment(path.read_bytes(), f" 00000000 00000400 000003FC {valid:016X}"))
    read = read_audio(path, rate)
    assert (found(read), read.shape[1]) == (at, valid)


def with_comment(data: bytes, numbers: str) -> bytes:
    """An M4A, whose `moov` is its last box, with iTunSMPB."""

    def box(name: bytes, content: bytes) -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + name + content

    text = box(b"mean", bytes(4) + b"com.apple.iTunes") + box(b"name", bytes(4) + b"iTunSMPB")
    entry = box(b"----", text + box(b"data", b"\0\0\0\1" + bytes(4) + numbers.encode()))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    more = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", entry)))
    start = data.rindex(b"moov") - 4
    moov = data[start:]
    assert int.from_bytes(moov[:4], "big") == len(moov)
    return data[:start] + box(b"moov", moov[8:] + more)
