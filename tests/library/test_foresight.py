"""What is refused before a model is loaded, and what is not since only the model knows."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from library_support import write_noise
from small_models import RATE, write_mono_model, write_small_model

from rtsep.errors import AudioFileError, ConfigError
from rtsep.library.run import LibraryRun
from rtsep.library.settings import Making, ModelSpec, Running

SIX = ("drums", "bass", "other", "vocals", "guitar", "piano")


def prepared(*paths: Path, model: object, out: Path | None = None, **asked: object) -> LibraryRun:
    """Not started, so that nothing is loaded."""
    return LibraryRun(
        paths,
        out or paths[0].parent / "out",
        model=ModelSpec(model=str(model)),
        making=Making(**asked),  # type: ignore[arg-type]
        running=Running(),
    )


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_noise(tmp_path / "song.wav", 0.3, 1)


@pytest.mark.parametrize("model", ["htdemucs", "htdemucs_ft", "htdemucs_edge"])
def test_stems_that_a_named_model_does_not_have(song: Path, model: str) -> None:
    with pytest.raises(ConfigError, match="no stem piano; the model has drums, bass, other, voc"):
        prepared(song, model=model, stems=("piano",))
    prepared(song, model="htdemucs_6s", stems=("piano",))


def test_stems_that_the_network_of_a_file_does_not_have(song: Path, tmp_path: Path) -> None:
    six = write_small_model(tmp_path / "six.safetensors", stems=SIX)
    prepared(song, model=six, two_stems="piano")
    with pytest.raises(ConfigError, match=r"no stem kazoo; the model has .*, piano"):
        prepared(song, model=six, gains=(("kazoo", 0.0),))
    with pytest.raises(ConfigError, match="stem files are stereo"):
        prepared(song, model=write_mono_model(tmp_path / "mono.safetensors"), encoding="stem")


def test_what_only_loading_can_say_is_left_to_it(song: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.th").write_bytes(b"PK\x03\x04")
    for model in (tmp_path / "odd.th", tmp_path / "none.safetensors", "no_such_model", tmp_path):
        prepared(song, model=model, stems=("piano",))


def test_an_input_that_would_be_written_over(tmp_path: Path) -> None:
    song = write_noise(tmp_path / "bass" / "bass.wav", 0.1, 1)
    with pytest.raises(AudioFileError, match="is being read and would be overwritten"):
        prepared(song, model="htdemucs", out=tmp_path)


def test_a_beginning_behind_all_ends(song: Path, tmp_path: Path) -> None:
    longer = write_noise(tmp_path / "longer.wav", 0.5, 2)
    broken = tmp_path / "broken.wav"
    broken.write_text("no music")
    with pytest.raises(ConfigError, match=r"longest of 3 files ends at 0\.50 s, and from 0\.6"):
        prepared(song, longer, broken, model="htdemucs", start=0.6)
    prepared(song, longer, model="htdemucs", start=0.4)
    prepared(broken, model="htdemucs", start=0.4)  # has another error of its own


def test_a_length_is_counted_before_it_is_held_against_a_file(tmp_path: Path) -> None:
    """libsndfile writes no length into an MP3, and its first frames are the smallest."""
    path = tmp_path / "song.mp3"
    noise = soundfile.read(write_noise(tmp_path / "n.wav", 6, 1))[0]
    noise[: 3 * RATE] = 0
    soundfile.write(path, noise, RATE, format="MP3", bitrate_mode="VARIABLE")
    prepared(path, model="htdemucs", start=5.9)
    with pytest.raises(ConfigError, match=r"ends at 6.0\d s"):
        prepared(path, model="htdemucs", start=6.1)
