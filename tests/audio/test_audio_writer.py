"""Writing: what is on disk is exact and playable, also after a kill or a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.audio import wav
from rtsep.audio.files import read_audio
from rtsep.audio.wav import Audio
from rtsep.audio.writer import StemWriter, open_output, write_file
from rtsep.errors import AudioFileError

RATE = 44_100
STEMS = ["drums", "bass"]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")


def noise(*shape: int) -> Audio:
    return np.random.default_rng(7).uniform(-0.9, 0.9, shape).astype(np.float32)


def write_stems(folder: Path, stems: Audio, block: int, encoding: str = "float") -> StemWriter:
    with StemWriter(folder, STEMS, RATE, channels=stems.shape[1], encoding=encoding) as writer:
        for start in range(0, stems.shape[2], block):
            part = stems[:, :, start : start + block]
            writer.write(part, part.sum(axis=0) / 2)
    return writer


@pytest.mark.parametrize("block", [1, 63, 1024, 5000])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_float_wav_round_trip_is_bit_exact(tmp_path: Path, block: int, channels: int) -> None:
    stems = noise(2, channels, 2001)
    writer = write_stems(tmp_path / "new" / "folder", stems, block)
    assert [path.name for path in writer.files] == ["drums.wav", "bass.wav", "mix.wav"]
    assert writer.samples == 2001 and writer.notes == []
    for path, expected in zip(writer.files, [*stems, stems.sum(axis=0) / 2], strict=True):
        assert soundfile.info(path).subtype == "FLOAT"
        np.testing.assert_array_equal(read_audio(path, RATE, channels=channels), expected)


@pytest.mark.parametrize(("encoding", "bits"), [("pcm24", 24), ("pcm16", 16), ("flac", 24)])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1000, 1001])
def test_integer_files_round_to_the_nearest_step(
    tmp_path: Path, encoding: str, bits: int, channels: int, samples: int
) -> None:
    stems = noise(2, channels, samples)
    writer = write_stems(tmp_path, stems, 300, encoding)
    for path, expected in zip(writer.files, stems, strict=False):
        assert soundfile.info(path).subtype == f"PCM_{bits}"
        assert soundfile.info(path).frames == samples
        assert path.stat().st_size % 2 == 0 or encoding == "flac"
        read = read_audio(path, RATE, channels=channels)
        assert np.abs(read - expected).max() <= 0.5 * 2.0 ** (1 - bits)


@pytest.mark.parametrize("encoding", ["float", "pcm24", "pcm16", "flac"])
def test_over_full_scale_is_kept_by_float_and_counted_by_the_others(
    tmp_path: Path, encoding: str
) -> None:
    loud = np.array([[[0.5, 1.5, -1.5, 1.0], [0, 0, 0, -1.0]]], np.float32)
    with StemWriter(tmp_path, ["lead"], RATE, encoding=encoding) as writer:
        writer.write(loud, loud[0] / 2)
    read = read_audio(writer.files[0], RATE)
    if encoding == "float":
        np.testing.assert_array_equal(read, loud[0])
        assert writer.notes == []
    else:
        assert np.abs(read).max() <= 1.0
        np.testing.assert_allclose(read[0], [0.5, 1, -1, 1], atol=1e-4)
        (note,) = writer.notes
        assert note.startswith(writer.files[0].name) and "2 samples over full scale" in note


def test_wav_becomes_rf64_when_it_outgrows_a_wav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav, "RIFF_LIMIT", 20_000)
    path = tmp_path / "long.wav"
    audio = noise(2, 6000)
    file = open_output(path, RATE)
    file.write(audio[:, :1000])
    assert soundfile.info(path).format == "WAV"
    file.write(audio[:, 1000:])
    assert soundfile.info(path).format == "RF64"
    file.close()
    np.testing.assert_array_equal(read_audio(path, RATE), audio)


def test_single_file_by_suffix(tmp_path: Path) -> None:
    audio = noise(2, 500)
    write_file(tmp_path / "a.wav", audio, 48_000)
    write_file(tmp_path / "new" / "a.FLAC", audio, 48_000)
    assert soundfile.info(tmp_path / "a.wav").samplerate == 48_000
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav", 48_000), audio)
    np.testing.assert_allclose(read_audio(tmp_path / "new" / "a.FLAC", 48_000), audio, atol=1e-7)
    with pytest.raises(AudioFileError, match=r"end with .wav or .flac"):
        write_file(tmp_path / "a.mp3", audio, 48_000)


WRITE_FOREVER = """
import sys
import numpy as np
from rtsep.audio.writer import StemWriter

writer = StemWriter(sys.argv[1], ["drums", "bass"], 44100, encoding=sys.argv[2])
ramp = np.arange(1024, dtype=np.float32) / 2**24
start = 0
while True:
    block = np.broadcast_to((start / 2**24 + ramp) % 1, (2, 2, 1024))
    writer.write(block, block[0])
    start += 1024
    print(start, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("encoding", ["float", "pcm24", "flac"])
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.11])
def test_killed_writer_leaves_playable_files(tmp_path: Path, encoding: str, moment: float) -> None:
    arguments = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path), encoding]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        time.sleep(moment)
        process.kill()
        written = [int(line) for line in process.stdout.read().split("\n")[:-1]]
    sure = written[-1] if written else 50 * 1024
    suffix = "flac" if encoding == "flac" else "wav"
    for name in ["drums", "bass", "mix"]:
        path = tmp_path / f"{name}.{suffix}"
        if encoding != "flac":  # every player sees the length
            assert soundfile.info(path).frames >= sure
        read = read_audio(path, RATE)
        assert read.shape[1] > sure - (RATE // 2 if encoding == "flac" else 1)
        ramp = (np.arange(read.shape[1]) / 2**24 % 1).astype(np.float32)
        np.testing.assert_allclose(read[0], ramp, atol=2**-23)


FILL = """
import resource, sys
import numpy as np
from rtsep.audio.writer import StemWriter
from rtsep.errors import AudioFileError

resource.setrlimit(resource.RLIMIT_FSIZE, (300_001, 300_001))  # beyond it write() says EFBIG
block = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 2, 1000)).astype(np.float32)
try:
    with StemWriter(sys.argv[1], ["drums", "bass"], 44100, encoding=sys.argv[2]) as writer:
        for _ in range(1000):
            writer.write(block, block[0])
except AudioFileError as error:
    print(error)
"""


@LINUX
@pytest.mark.parametrize("encoding", ["float", "pcm24", "pcm16", "flac"])
def test_full_disk_stops_with_one_line_and_valid_files(tmp_path: Path, encoding: str) -> None:
    arguments = [sys.executable, "-W", "error", "-c", FILL, str(tmp_path), encoding]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    suffix = "flac" if encoding == "flac" else "wav"
    assert f"drums.{suffix}" in line and "s are written and playable" in line
    if encoding != "flac":
        assert "File too large" in line
    for name in ["drums", "bass", "mix"]:
        read = read_audio(tmp_path / f"{name}.{suffix}", RATE)
        assert 30_000 < read.shape[1] < 110_000
        np.testing.assert_allclose(read[:, :1000], read[:, 1000:2000], atol=1e-4)


@LINUX
@pytest.mark.parametrize("encoding", ["float", "flac"])
def test_device_that_is_always_full(encoding: str) -> None:
    with pytest.raises(AudioFileError, match="cannot write /dev/full"):
        file = wav.create(Path("/dev/full"), sample_rate=RATE, channels=2, encoding=encoding)
        file.write(noise(2, 100_000))


def test_unwritable_places(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in [tmp_path / "file", tmp_path / "file" / "below"]:
        with pytest.raises(AudioFileError, match="give a folder"):
            StemWriter(folder, STEMS, RATE)
    with pytest.raises(AudioFileError, match="give a folder"):
        write_file(tmp_path / "file" / "a.wav", noise(2, 10), RATE)
    with pytest.raises(AudioFileError, match="cannot create the folder"):
        StemWriter(tmp_path / ("x" * 300), STEMS, RATE)
    (tmp_path / "out" / "bass.wav").mkdir(parents=True)
    with pytest.raises(AudioFileError, match="not a file"):
        StemWriter(tmp_path / "out", STEMS, RATE)


def test_permission_denied_closes_what_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = Path.open

    def deny_bass(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "bass.wav":
            raise PermissionError(13, "Permission denied")
        return really_open(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", deny_bass)  # root may write everywhere
    with pytest.raises(AudioFileError, match=r"bass\.wav: Permission denied"):
        StemWriter(tmp_path, STEMS, RATE)
    assert (tmp_path / "drums.wav").stat().st_size > 0


def test_the_file_being_read_is_never_overwritten(tmp_path: Path) -> None:
    song = tmp_path / "mix.wav"
    write_file(song, noise(2, 100), RATE)
    before = song.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(AudioFileError, match="being read"):
        StemWriter(tmp_path / "link", STEMS, RATE, inputs=[song])
    with pytest.raises(AudioFileError, match="being read"):
        open_output(song, RATE, inputs=[os.path.relpath(song)])
    assert song.read_bytes() == before


@pytest.mark.parametrize("name", ["../drums", "a/b", "", "..", "mix", "C:x", "a\\b", "bass"])
def test_stem_names_of_a_strange_model_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioFileError, match="rename the stem"):
        StemWriter(tmp_path / "out", [name, "bass"], RATE)
    assert not (tmp_path / "out").exists()


def test_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="choose from float, pcm24, pcm16, flac"):
        StemWriter(tmp_path, STEMS, RATE, encoding="mp3")


def test_failure_of_the_body_is_the_one_told(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"), StemWriter(tmp_path, STEMS, RATE):
        raise KeyError("mine")
