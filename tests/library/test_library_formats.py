"""Stems in every format: whole, with what their song says of itself, and the same each time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from encoded import noise
from library_support import Library, contents, write_noise
from small_models import RATE, write_mono_model, write_small_model
from stem_songs import decoded, song, write_song

from rtsep.audio.encoding import EncodedWriter
from rtsep.audio.files import read_audio
from rtsep.audio.formats import FORMATS
from rtsep.audio.tags import Cover, Tags, read_tags
from rtsep.errors import AudioFileError, ConfigError
from rtsep.library import writers
from rtsep.library.formats import ENCODINGS, STEM_FILES, file_names
from rtsep.library.kinds import ItemError
from rtsep.library.record import RECORD
from rtsep.stem_files.reading import look_into

STEMS = ("drums", "bass", "other", "vocals")
SECONDS, SAMPLES = 0.7, 30_870
TEXTS = {"title": "Blå", "artist": "A & B", "album": "C", "track": "3"}
COMPRESSED = [encoding for encoding in ENCODINGS if encoding in (*FORMATS, *STEM_FILES)]


def picture(folder: Path) -> Cover:
    path = folder / "cover.png"
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 77, np.uint8))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Cover(data=path.read_bytes(), codec="png", width=16, height=16)


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """A song that says all of itself."""
    path = tmp_path / "song.flac"
    tags = Tags(texts=TEXTS, cover=picture(tmp_path))
    writer = EncodedWriter(path, format="flac", sample_rate=RATE, tags=tags)
    writer.write(noise(2, SAMPLES))
    writer.close()
    return path


@pytest.mark.parametrize("encoding", FORMATS)
def test_a_file_per_stem_with_the_tags_of_the_song(
    library: Library, tagged: Path, encoding: str
) -> None:
    (plain,) = library(tagged)
    (result,) = library(tagged, encoding=encoding)
    assert result.ok, result
    assert [file.name for file in result.files] == [
        f"{stem}{FORMATS[encoding].suffix}" for stem in STEMS
    ]
    for stem, file, wav in zip(STEMS, result.files, plain.files, strict=True):
        found, expected = read_audio(file, RATE), read_audio(wav, RATE)
        assert found.shape == (2, SAMPLES)
        if FORMATS[encoding].bits:
            assert np.abs(found - expected).max() < 2**-22
        tags = read_tags(file)
        assert tags.texts == {**TEXTS, "title": f"Blå ({stem})"}
        assert tags.cover and tags.cover.data == picture(tagged.parent).data


@pytest.mark.parametrize("encoding", STEM_FILES)
def test_one_stem_file_per_song(library: Library, tagged: Path, encoding: str) -> None:
    (plain,) = library(tagged)
    (result,) = library(tagged, encoding=encoding)
    assert [file.name for file in result.files] == ["song.stem.mp4"]
    file = result.files[0]
    found = look_into(file)
    assert (found.stems, found.samples) == (STEMS, SAMPLES)
    tags = read_tags(file)
    assert tags.texts == TEXTS and tags.cover
    master, *stems = (stream[:, :SAMPLES] for stream in decoded(file))
    if encoding == "stem-alac":
        np.testing.assert_allclose(master, read_audio(tagged, RATE), rtol=0, atol=2**-22)
        np.testing.assert_allclose(sum(stems), master, rtol=0, atol=2**-21)
    with av.open(str(file)) as container:
        assert {each.codec_context.name for each in container.streams.audio} == {
            STEM_FILES[encoding]
        }
    assert plain.files[0].exists()


def test_two_stems_in_a_stem_file(library: Library, tagged: Path) -> None:
    (result,) = library(tagged, encoding="stem-alac", two_stems="vocals")
    _, drums, bass, other, vocals = decoded(result.files[0])
    assert "no_vocals went into other" in result.notes[0]
    assert not drums.any() and not bass.any() and other.any() and vocals.any()


def test_six_stems_are_folded_and_it_is_said(
    library: Library, tagged: Path, tmp_path: Path
) -> None:
    names = (*STEMS, "guitar", "piano")
    six = write_small_model(tmp_path / "six.safetensors", segment=Fraction(1, 4), stems=names)
    (result,) = library(tagged, encoding="stem", model=six)
    assert list(result.notes) == ["a stem file has four stems: guitar, piano went into other"]
    assert look_into(result.files[0]).stems == STEMS


def test_a_mono_model_makes_no_stem_files(library: Library, tagged: Path, tmp_path: Path) -> None:
    mono = write_mono_model(tmp_path / "mono.safetensors")
    with pytest.raises(ConfigError, match="stem files are stereo"):
        library(tagged, encoding="stem", model=mono)


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_made_again_it_is_the_same_to_the_bit(
    library: Library, tagged: Path, tmp_path: Path, encoding: str
) -> None:
    library(tagged, encoding=encoding)
    first = contents(tmp_path / "out")
    (again,) = library(tagged, encoding=encoding)
    (forced,) = library(tagged, encoding=encoding, force=True)
    assert (again.status, forced.status) == ("there", "ok")
    assert contents(tmp_path / "out") == first
    assert not list((tmp_path / "out").rglob(".*"))


def test_another_format_or_bit_rate_is_another_result(library: Library, tagged: Path) -> None:
    asked = [{}, {"encoding": "flac"}, {"encoding": "mp3"}, {"encoding": "mp3", "bitrate": 128}]
    results = [library(tagged, **options)[0] for options in asked]
    assert [each.status for each in results] == ["ok"] * 4
    assert len({each.key for each in results}) == 4
    (usual,) = library(tagged, encoding="mp3", bitrate=320)
    assert usual.key == results[2].key  # it was written over meanwhile
    assert [library(tagged, **options)[0].status for options in asked] == [
        "there", "there", "there", "ok",
    ]  # fmt: skip


def test_a_bit_rate_is_heeded(library: Library, tmp_path: Path) -> None:
    path = write_noise(tmp_path / "long.wav", 3, 1)
    sizes = []
    for bitrate in (64, 256):
        (result,) = library(path, encoding="stem", bitrate=bitrate)
        sizes.append(result.files[0].stat().st_size)
    assert sizes[0] < 0.6 * sizes[1]


def test_copies_of_a_song_have_stem_files_of_their_own_names(
    library: Library, tagged: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.flac").write_bytes(tagged.read_bytes())
    results = {each.path.stem: each for each in library(tagged, tmp_path / "other.flac",
                                                        encoding="stem")}  # fmt: skip
    assert sorted(each.status for each in results.values()) == ["copied", "ok"]
    for name, each in results.items():
        assert [file.name for file in each.files] == [f"{name}.stem.mp4"]
        assert {file.name for file in each.folder.iterdir()} == {RECORD, each.files[0].name}
    again = library(tagged, tmp_path / "other.flac", encoding="stem")
    assert {each.status for each in again} == {"there"}


@pytest.mark.parametrize("samples", [1, 100, 1024, 1025, 44_100])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_lengths_can_be_told_from_the_files(tmp_path: Path, encoding: str, samples: int) -> None:
    """And what is too short or too long is noticed."""
    writer = written(tmp_path, encoding, samples)
    writers.check_whole(writer, samples, encoding, RATE)
    writer.samples = samples + 100
    with pytest.raises(ItemError):
        writers.check_whole(writer, samples + 100, encoding, RATE)


def written(folder: Path, encoding: str, samples: int) -> writers.Writer:
    with writers.open_writer(
        folder,
        STEMS,
        song=folder / "none.wav",
        encoding=encoding,
        bitrate=None,
        sample_rate=RATE,
        channels=2,
    ) as writer:
        stems = song(samples)
        master = [stems.sum(0)] if encoding in STEM_FILES else []
        writer.write(stems, *master)
    return writer


@pytest.mark.parametrize("name", ["x" * 250, "ö" * 120, "a\udcffb"])
def test_names_of_any_kind(library: Library, tmp_path: Path, name: str) -> None:
    path = tmp_path / "in" / f"{name}.wav"
    path.parent.mkdir()
    path.write_bytes(write_noise(tmp_path / "plain.wav", 0.1, 1).read_bytes())
    (result,) = library(path, encoding="stem")
    assert result.ok, result
    assert result.files[0].name.startswith(name[:50].split("\udcff")[0])
    (compressed,) = library(path, encoding="mp3")
    assert compressed.ok, compressed


def test_what_a_stem_file_of_a_stem_file_is_called() -> None:
    assert file_names(STEMS, "stem", Path("a/song.stem.mp4")) == ["song.stem.mp4"]
    assert file_names(STEMS, "stem", Path("a/song.mp3")) == ["song.stem.mp4"]
    assert file_names(STEMS, "stem", Path("a/.stem.mp4")) == [".stem.stem.mp4"]


def test_of_a_stem_file_its_master_is_separated(library: Library, tmp_path: Path) -> None:
    """Also where programs have made all streams alike, and a stem the one of the most bits."""
    stems = song(SAMPLES)
    write_song(tmp_path / "in" / "whole.stem.mp4", stems, codec="alac")
    (result,) = library(tmp_path / "in", two_stems="vocals", start=0.0)
    heard = sum(read_audio(file, RATE) for file in result.files)
    np.testing.assert_allclose(heard, stems.sum(0), rtol=0, atol=2**-20)
    assert result.folder == tmp_path / "out" / "in" / "whole.stem"


def test_the_master_is_the_first_stream(library: Library, tmp_path: Path) -> None:
    quiet, loud = 0.01 * noise(2, SAMPLES), noise(2, SAMPLES, 5)
    path = two_streams(tmp_path / "in" / "two.stem.mp4", quiet, loud)
    (result,) = library(path, two_stems="vocals")
    heard = sum(read_audio(file, RATE) for file in result.files)
    np.testing.assert_allclose(heard, quiet, rtol=0, atol=2**-14)


def two_streams(path: Path, *sounds: np.ndarray) -> Path:
    """Of which FFmpeg would choose the last: it is marked as the default."""
    path.parent.mkdir()
    with av.open(str(path), "w", format="matroska") as container:
        streams = [container.add_stream("pcm_s16le", rate=RATE, layout="stereo") for _ in sounds]
        for number, stream in enumerate(streams):
            stream.disposition = int(number == len(streams) - 1)
        for stream, sound in zip(streams, sounds, strict=True):
            samples = np.rint(sound.T.reshape(1, -1) * 2**15).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, "s16", "stereo")
            frame.sample_rate, frame.pts = RATE, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("place", ["m/out", "m"])
def test_results_are_no_inputs_of_the_next_run(
    library: Library, tmp_path: Path, place: str
) -> None:
    root, out = tmp_path / "m", tmp_path / place
    write_noise(root / "a.wav", 0.1, 1)
    write_song(root / "b.stem.mp4", song(4000))
    for encoding in ("stem", "m4a", "opus", "stem-alac", "flac"):
        first = library(root, out=out, encoding=encoding)
        again = library(root, out=out, encoding=encoding)
        assert {each.path.name for each in first} == {"a.wav", "b.stem.mp4"}
        assert {each.path for each in again} == {root / "a.wav", root / "b.stem.mp4"}
        assert {each.status for each in again} == {"there"}


def test_a_stem_file_is_never_written_over_itself(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "song.stem" / "song.stem.mp4"
    path.parent.mkdir()
    write_song(path, song(4000))
    with pytest.raises(AudioFileError, match="is being read and would be overwritten"):
        library(path, out=tmp_path, encoding="stem")


def test_a_song_without_tags_or_with_a_broken_cover(library: Library, tmp_path: Path) -> None:
    plain = write_noise(tmp_path / "plain.wav", 0.1, 1)
    broken = tmp_path / "broken.flac"
    cover = Cover(data=b"\x89PNG\r\n\x1a\n no picture", codec="png", width=9, height=9)
    writer = EncodedWriter(
        broken, format="flac", sample_rate=RATE, tags=Tags(texts=TEXTS, cover=cover)
    )
    writer.write(noise(2, 9000))
    writer.close()
    for encoding in COMPRESSED:
        results = library(plain, broken, encoding=encoding)
        assert [each.status for each in results] == ["ok", "ok"], results
