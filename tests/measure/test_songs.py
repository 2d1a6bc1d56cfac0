"""Songs are read whole and scored as defined; what is no song is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_songs import LEVELS, RATE, stems, write_song

from rtsep.audio.writer import write_file
from rtsep.config import STEMS_4
from rtsep.engine.separator import Separator
from rtsep.errors import AudioFileError, ConfigError
from rtsep.measure.songs import check_stems, read_song, score, streamed


def test_a_song_is_its_mixture_and_stems(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", rest=("bass", "other"))
    (folder / "cover.jpg").write_bytes(b"\xff\xd8")
    song = read_song(folder, RATE)
    assert set(song) == {"mixture", "drums", "vocals", "rest"}
    sum_of_stems = song["drums"] + song["vocals"] + song["rest"]
    np.testing.assert_allclose(sum_of_stems, song["mixture"], atol=1e-6)


def test_the_rest_is_the_sum_of_what_has_no_file(tmp_path: Path) -> None:
    song = read_song(write_song(tmp_path / "song", rest=("bass", "other")), RATE)
    estimates = np.stack([1.1 * stems(0.7)[stem] for stem in STEMS_4])  # a tenth too loud: 20 dB
    expected = {stem: 20.0 for stem in ("drums", "vocals", "rest", "mean")}
    assert score(STEMS_4, song, estimates) == pytest.approx(expected, abs=1e-3)
    assert list(score(STEMS_4, song, estimates))[-1] == "mean"


def test_a_model_with_a_rest_of_its_own_is_scored_on_it(tmp_path: Path) -> None:
    song = read_song(write_song(tmp_path / "song", rest=("bass", "other")), RATE)
    known, truth = ("vocals", "rest"), stems(0.7)
    rest = truth["drums"] + truth["bass"] + truth["other"]
    del song["drums"]
    song["rest"] = rest
    check_stems(known, song)
    expected = {stem: 20.0 for stem in (*known, "mean")}
    found = score(known, song, 1.1 * np.stack([truth["vocals"], rest]))
    assert found == pytest.approx(expected, abs=1e-3)
    # Of stems without a file, the rest of the model is one.
    song["rest"] = rest + truth["vocals"]
    del song["vocals"]
    found = score(known, song, 1.1 * np.stack([truth["vocals"], rest]))
    assert found == pytest.approx({"rest": 20.0, "mean": 20.0}, abs=1e-3)


def test_a_stem_that_rests_is_compared_with_nothing(tmp_path: Path) -> None:
    song = read_song(write_song(tmp_path / "song"), RATE)
    estimates = np.stack([1.1 * song[stem] for stem in STEMS_4])
    song["bass"] = 1e-5 * song["bass"]
    found = score(STEMS_4, song, estimates)
    assert set(found) == {"drums", "other", "vocals", "mean"}
    assert found["mean"] == pytest.approx(20, abs=1e-3)
    resting = {name: 0 * audio if name in LEVELS else audio for name, audio in song.items()}
    with pytest.raises(ConfigError, match="all stems are silent there; take another excerpt"):
        score(STEMS_4, resting, estimates)


def test_a_stream_is_aligned_and_its_steps_are_timed(small_separator: Separator) -> None:
    mix = np.sum(list(stems(0.5).values()), 0, np.float32)
    seconds: list[float] = []
    stream = small_separator.stream(window=0.3, hop=0.046, lookahead=0.023)
    out = streamed(stream, mix, seconds.append)
    assert out.shape == (4, *mix.shape)
    np.testing.assert_allclose(out.sum(0), mix, atol=1e-5)  # stems sum to the input
    assert len(seconds) == mix.shape[1] // stream.spec.hop and min(seconds) > 0


def test_padding_of_encoders_is_cut_off(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", 0.5)
    write_file(folder / "drums.wav", stems(0.55)["drums"], RATE)
    assert {audio.shape for audio in read_song(folder, RATE).values()} == {(2, RATE // 2)}


def test_stems_of_another_length_are_told(tmp_path: Path) -> None:
    folder = write_song(tmp_path / "song", 0.5)
    write_file(folder / "drums.wav", stems(0.8)["drums"], RATE)
    with pytest.raises(AudioFileError, match=r"drums.wav is 0.80 s long and its mixture 0.50 s; "):
        read_song(folder, RATE)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "no mixture in .*song, only no audio at all; a song is a folder with mixture.wav"),
        (["drums.wav"], "no mixture in .*song, only drums; "),
        (["mixture.wav"], "no stems in .*song; put drums.wav, vocals.wav, "),
        (["mixture.wav", "rest.wav"], "no stems in .*song; "),
        (["mixture.wav", "drums.wav", "drums.flac"], "drums.flac and drums.wav: keep one"),
    ],
)
def test_folders_that_are_no_song(tmp_path: Path, names: list[str], complaint: str) -> None:
    (tmp_path / "song").mkdir()
    for name in names:
        write_file(tmp_path / "song" / name, stems(0.1)["drums"], RATE)
    with pytest.raises(AudioFileError, match=complaint):
        read_song(tmp_path / "song", RATE)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"cannot read .*nowhere: No such file or directory; "):
        read_song(tmp_path / "nowhere", RATE)


def test_stems_that_the_model_does_not_give() -> None:
    song = {"mixture": np.zeros((2, 9)), "kazoo": np.zeros((2, 9))}
    with pytest.raises(ConfigError, match="no stem 'kazoo'; this model has drums, bass, other"):
        check_stems(STEMS_4, song)
    whole = dict.fromkeys(("mixture", *STEMS_4, "rest"), np.zeros((2, 9)))
    with pytest.raises(ConfigError, match="nothing is left for 'rest'"):
        check_stems(STEMS_4, whole)
