"""A stem file as others read it: five streams on one grid, one atom, one stream for ordinary
players."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from music import stempeg_stems
from stem_songs import LEVELS, decoded, example, song, write_song

from rtsep.audio.files import read_audio
from rtsep.audio.tags import Cover, Tags, read_tags
from rtsep.errors import AudioFileError
from rtsep.stem_files.boxes import read_moov
from rtsep.stem_files.tracks import sound_tracks
from rtsep.stem_files.writing import StemFileWriter

SAMPLES = 50_001


def lag(audio: np.ndarray, read: np.ndarray) -> int:
    count = 2 * max(audio.shape[1], read.shape[1])
    spectra = np.fft.rfft(audio[0], count).conj() * np.fft.rfft(read[0], count)
    place = int(np.argmax(np.fft.irfft(spectra)))
    return place if place < count // 2 else place - count


def db(part: np.ndarray, whole: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(part.astype(float) ** 2) / np.sum(whole.astype(float) ** 2)))


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_five_streams_on_one_grid(tmp_path: Path, codec: str) -> None:
    stems = song(SAMPLES)
    path = tmp_path / "song.stem.mp4"
    assert write_song(path, stems, codec=codec) == []
    streams = decoded(path)
    whole = SAMPLES if codec == "alac" else -(-SAMPLES // 1024) * 1024
    assert {stream.shape for stream in streams} == {(2, whole)}
    for audio, stream in zip([stems.sum(0), *stems], streams, strict=True):
        assert lag(audio, stream) == 0
    if codec == "alac":
        off = np.abs(np.sum(streams[1:], 0) - streams[0]).max()
        assert off <= 2.5 * 2**-23  # five roundings to 24 bits
    with av.open(str(path)) as container:
        assert [s.codec_context.name for s in container.streams.audio] == [codec] * 5
        assert container.streams.best("audio").index == 0
    assert read_audio(path, 44_100).shape == (2, SAMPLES)  # ordinary readers: the master


def test_real_music_nulls_as_far_as_aac_allows(tmp_path: Path) -> None:
    """The sum of the decoded stems against the decoded master, at 256 kb/s each."""
    stems = 0.25 * np.stack(list(stempeg_stems().values()))[..., :132_300]
    path = tmp_path / "song.stem.mp4"
    write_song(path, stems)
    streams = [stream[:, : stems.shape[-1]] for stream in decoded(path)]
    left = db(np.sum(streams[1:], 0) - streams[0], streams[0])
    shifted = np.roll(np.sum(streams[1:], 0), 1, -1) - streams[0]
    print(f"residual {left:.1f} dB, a sample off {db(shifted, streams[0]):.1f} dB")
    assert left < -25
    assert db(shifted, streams[0]) > left + 10


def test_the_atom_and_the_flags_are_those_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(5000))
    moov, theirs = read_moov(path), read_moov(example())
    assert [trak.one(b"tkhd").data[:4] for trak in sound_tracks(moov)] == [
        trak.one(b"tkhd").data[:4] for trak in sound_tracks(theirs)
    ]
    ours = json.loads(moov.one(b"udta", b"stem").data)
    known = json.loads(theirs.one(b"udta", b"stem").data)
    assert [stem["name"] for stem in ours["stems"]] == ["Drums", "Bass", "Other", "Vocals"]
    assert [stem["color"] for stem in ours["stems"]] == [stem["color"] for stem in known["stems"]]
    for name, device in known["mastering_dsp"].items():
        assert {key: type(value) is bool for key, value in device.items()} == {
            key: type(value) is bool for key, value in ours["mastering_dsp"][name].items()
        }
        assert not ours["mastering_dsp"][name]["enabled"]
    assert ours["version"] == known["version"] == 1


def test_six_stems_are_folded_and_it_is_said(tmp_path: Path) -> None:
    names = ("guitar", "drums", "bass", "other", "vocals", "piano")
    stems = song(9000, names)
    path = tmp_path / "song.stem.mp4"
    told = write_song(path, stems, names=names, codec="alac")
    assert told == ["a stem file has four stems: guitar, piano went into other"]
    other = stems[0] + stems[3] + stems[5]
    for expected, stream in zip(
        (stems[1], stems[2], other, stems[4]), decoded(path)[1:], strict=True
    ):
        np.testing.assert_allclose(stream, expected, atol=2**-22)


def test_two_stems_leave_two_silent(tmp_path: Path) -> None:
    stems = song(9000, ("vocals", "rest"))
    path = tmp_path / "song.stem.mp4"
    told = write_song(path, stems, names=("vocals", "rest"), codec="alac")
    assert told == [
        "a stem file has four stems: rest went into other",
        "a stem file has four stems: drums, bass left silent",
    ]
    _, drums, bass, other, vocals = decoded(path)
    assert not drums.any() and not bass.any()
    np.testing.assert_allclose(other, stems[1], atol=2**-22)
    np.testing.assert_allclose(vocals, stems[0], atol=2**-22)


def test_what_stems_lack_of_the_master_is_shared(tmp_path: Path) -> None:
    stems = song(9000)
    path = tmp_path / "song.stem.mp4"
    with StemFileWriter(path, tuple(LEVELS), 44_100, codec="alac") as writer:
        writer.write(stems, stems.sum(0) + np.float32(0.04))
    master, *read = decoded(path)
    np.testing.assert_allclose(np.sum(read, 0), master, atol=2**-21)
    np.testing.assert_allclose(read[1], stems[1] + 0.01, atol=2**-21)


def test_tags_and_cover(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    picture = tmp_path / "cover.png"
    with av.open(str(picture), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))))
        container.mux(stream.encode(None))
    cover = Cover(data=picture.read_bytes(), codec="png", width=16, height=16)
    tags = Tags(texts={"title": "Blå", "artist": "A", "album": "C", "date": "1999"}, cover=cover)
    write_song(path, song(5000), tags=tags)
    assert read_tags(path) == tags
    assert {stream.shape[1] for stream in decoded(path)} == {5120}


def test_the_same_again_is_the_same_bytes(tmp_path: Path) -> None:
    """Over what a killed run left, too."""
    one, two = tmp_path / "one.stem.mp4", tmp_path / "two.stem.mp4"
    for part in (".two.stem.mp4.part", ".two.stem.mp4.edited"):
        (tmp_path / part).write_bytes(b"half a file" * 10_000)
    for path in (one, two):
        write_song(path, song(9000))
    assert one.read_bytes() == two.read_bytes()
    assert set(tmp_path.iterdir()) == {one, two}


def test_nothing_half_is_left(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    path.write_bytes(b"an older file")
    with pytest.raises(KeyboardInterrupt), StemFileWriter(path, tuple(LEVELS), 44_100) as writer:
        writer.write(song(9000), song(9000).sum(0))
        raise KeyboardInterrupt
    assert path.read_bytes() == b"an older file"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"codec": "mp3"}, "no stem files of 'mp3'; choose from aac, alac"),
        ({"bitrate": 3}, "choose a bit rate from 32 to 512"),
        ({"sample_rate": 37_000}, "no stem file of aac at 37000 Hz; take 44100 or 48000"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, options: dict, error: str) -> None:
    rate = options.pop("sample_rate", 44_100)
    with pytest.raises(AudioFileError, match=error):
        StemFileWriter(tmp_path / "a.stem.mp4", tuple(LEVELS), rate, **options)
    assert not list(tmp_path.iterdir())


MEMORY = """
import resource, sys
import numpy as np
from pathlib import Path
from stem_songs import song, write_song
from rtsep.stem_files.reading import StemSource, look_into
block = song(44_100)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def go(seconds):
    from rtsep.stem_files.writing import write_stem_file
    path = Path(sys.argv[1]) / f"{seconds}.stem.mp4"
    pieces = ((block, block.sum(0)) for _ in range(seconds))
    write_stem_file(path, pieces, ("drums", "bass", "other", "vocals"), 44_100, codec="alac")
    with StemSource(look_into(path)) as source:
        assert sum(mix.shape[1] for _, mix in source.summing(8192)) == seconds * 44_100
    return peak()
short = go(4)
print(go(60) - short)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX")
def test_memory_does_not_grow_with_the_song(tmp_path: Path) -> None:
    """A minute of five streams is 100 MB of samples."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert int(done.stdout) < 20_000  # KB


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_ffmpeg_reads_what_we_wrote(tmp_path: Path, ffmpeg: str, codec: str) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(20_001), codec=codec)
    for number, ours in enumerate(decoded(path)):
        command = [ffmpeg, "-v", "error", "-i", path, "-map", f"0:a:{number}", "-f", "f32le", "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b""
        theirs = np.frombuffer(done.stdout, "<f4").reshape(-1, 2).T
        np.testing.assert_allclose(theirs, ours, atol=2e-6)
    done = subprocess.run(  # and unless told otherwise, the master
        [ffmpeg, "-v", "error", "-i", path, "-f", "f32le", "-"], capture_output=True, check=True
    )
    master = np.frombuffer(done.stdout, "<f4").reshape(-1, 2).T
    np.testing.assert_allclose(master, decoded(path)[0], atol=2e-6)


def test_stempeg_reads_what_we_wrote(tmp_path: Path, stempeg: ModuleType) -> None:
    """Through FFmpeg's own program."""
    stems = song(20_000)
    path = tmp_path / "song.stem.mp4"
    write_song(path, stems, codec="alac")
    read, rate = stempeg.read_stems(str(path))
    assert rate == 44_100
    np.testing.assert_allclose(read[0].T, stems.sum(0), atol=2**-22)
    for expected, stream in zip(stems, read[1:], strict=True):
        np.testing.assert_allclose(stream.T, expected, atol=2**-22)
    assert stempeg.Info(str(path)).nb_audio_streams == 5
