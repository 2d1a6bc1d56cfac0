"""`rtsep separate`: one folder per file, with what `Separator.separate` returns."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_support import Done, Rtsep, sound
from small_models import RATE, band, write_band

from rtsep.audio.writer import write_file
from rtsep.library import joining
from rtsep.library.record import RECORD
from rtsep.library.run import LibraryRun
from rtsep.setup.load import load

STEMS = ["drums", "bass", "other", "vocals"]


@pytest.fixture
def separate(rtsep: Rtsep, small_model: Path) -> Rtsep:
    def call(*arguments: object) -> Done:
        settings = ("--model", small_model, "--compute", "cpu", "--precision", "fp32")
        return rtsep("separate", *arguments, *settings)

    return call


def test_files_are_what_the_model_separates(
    separate: Rtsep, small_model: Path, tmp_path: Path
) -> None:
    song = write_band(tmp_path / "song.wav", 1.8)
    done = separate(song, "-o", tmp_path / "out", "--overlap", "0.5")
    files = [tmp_path / "out" / "song" / f"{stem}.wav" for stem in STEMS]
    assert (done.code, done.out.splitlines()) == (0, [str(file) for file in files])
    expected = load(small_model, "cpu").separate(sound(song), overlap=0.5)
    found = np.stack([sound(file) for file in files])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_a_folder_per_file(separate: Rtsep, tmp_path: Path) -> None:
    first = write_band(tmp_path / "a.b.wav", 0.2)
    second = write_band(tmp_path / "second.flac", 0.3, 48_000, 1)
    done = separate(first, second, "-o", tmp_path / "new" / "out")
    assert done.code == 0 and len(done.out.splitlines()) == 8
    for name, samples in {"a.b": 8820, "second": 13_230}.items():
        info = soundfile.info(tmp_path / "new" / "out" / name / "bass.wav")
        assert (info.samplerate, info.frames, info.channels) == (RATE, samples, 2)


def test_only_some_stems(separate: Rtsep, song: Path, tmp_path: Path) -> None:
    done = separate(song, "-o", tmp_path, "--stem", "vocals", "--stem", "bass")
    names = ["vocals.wav", "bass.wav"]
    assert [Path(line).name for line in done.out.splitlines()] == names
    assert {path.name for path in (tmp_path / "song").iterdir()} == {*names, RECORD}


@pytest.mark.parametrize(
    ("encoding", "suffix", "subtype"),
    [("wav16", "wav", "PCM_16"), ("wav24", "wav", "PCM_24"), ("flac", "flac", "PCM_24")],
)
def test_formats(
    separate: Rtsep, song: Path, tmp_path: Path, encoding: str, suffix: str, subtype: str
) -> None:
    assert separate(song, "-o", tmp_path, "--format", encoding).code == 0
    info = soundfile.info(tmp_path / "song" / f"drums.{suffix}")
    assert (info.subtype, info.frames) == (subtype, soundfile.info(song).frames)


def test_a_bit_rate_for_what_has_one(separate: Rtsep, song: Path, tmp_path: Path) -> None:
    done = separate(song, "-o", tmp_path / "a", "--format", "m4a", "--bitrate", 96)
    assert [Path(line).name for line in done.out.splitlines()] == [f"{stem}.m4a" for stem in STEMS]
    done = separate(song, "-o", tmp_path / "b", "--format", "flac", "--bitrate", 96)
    assert done.code == 2 and "flac has no bit rate" in done.complaint
    assert not (tmp_path / "b").exists()


def test_files_of_one_name_have_a_folder_each(separate: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [write_band(path, 0.1) for path in (tmp_path / "a.wav", tmp_path / "other" / "a.flac")]
    done = separate(*files, "-o", tmp_path / "out")
    assert done.code == 0 and len(set(done.out.splitlines())) == 8
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == {
        "a.wav",
        "a.flac",
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--stem", "piano"], "no stem piano; the model has drums, bass, other, vocals"),
        (["--stem", "bass", "--stem", "bass"], "each stem can be asked for once"),
        (["--overlap", "1.5"], "1.5 is not in the range"),
        (["--overlap", "nan"], "'nan' is not a number up to 1e+09"),
        (["--overlap", "0.99999999"], "leaves no step between segments"),
    ],
)
def test_a_bad_option_does_not_touch_earlier_results(
    separate: Rtsep, song: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    separate(song, "-o", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.wav")}
    done = separate(song, "-o", tmp_path, *arguments)
    assert done.code == 2 and complaint in done.complaint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.wav")} == before


def test_a_missing_file_is_told_before_the_others_are_separated(
    separate: Rtsep, song: Path, tmp_path: Path
) -> None:
    done = separate(song, tmp_path / "none.wav", "-o", tmp_path / "out")
    assert done.code == 2 and "no such file" in done.complaint
    assert not (tmp_path / "out").exists()


def test_the_input_is_never_overwritten(separate: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "bass").mkdir()
    song = write_band(tmp_path / "bass" / "bass.wav", 0.2)
    before = song.read_bytes()
    done = separate(song, "-o", tmp_path)
    assert done.code == 2 and "is being read and would be overwritten" in done.complaint
    assert song.read_bytes() == before


def test_no_input_is_overwritten_by_the_stems_of_another(
    separate: Rtsep, song: Path, tmp_path: Path
) -> None:
    (tmp_path / song.stem).mkdir()
    other = write_band(tmp_path / song.stem / "drums.wav", 0.2)
    before = other.read_bytes()
    done = separate(song, other, "-o", tmp_path)
    assert done.code == 2 and "is being read and would be overwritten" in done.complaint
    assert other.read_bytes() == before


def test_what_was_odd_is_told(separate: Rtsep, tmp_path: Path) -> None:
    audio = 9 * band(0.2, channels=5)
    audio[0, :7] = np.nan
    soundfile.write(tmp_path / "wide.wav", audio.T, RATE, "FLOAT")
    done = separate(tmp_path / "wide.wav", "-o", tmp_path / "out", "--format", "wav16")
    assert done.code == 0
    assert "wide.wav: 5 channels: the first two are used" in done.err
    assert "wide.wav: 7 NaN or infinite samples replaced by silence" in done.err


def test_one_sample(separate: Rtsep, tmp_path: Path) -> None:
    write_file(tmp_path / "one.wav", band(1)[:, :1], RATE)
    assert separate(tmp_path / "one.wav", "-o", tmp_path).code == 0
    assert soundfile.info(tmp_path / "one" / "drums.wav").frames == 1


def test_channels_of_a_file_can_be_chosen(separate: Rtsep, tmp_path: Path) -> None:
    audio = band(0.2, channels=6)
    soundfile.write(tmp_path / "six.wav", audio.T, RATE, "FLOAT")
    write_file(tmp_path / "two.wav", audio[2:4], RATE)
    chosen = separate(tmp_path / "six.wav", "-o", tmp_path / "a", "--input-channels", "3-4")
    assert chosen.code == 0 and "six.wav: 6 channels: 3-4 are used" in chosen.err
    assert separate(tmp_path / "two.wav", "-o", tmp_path / "b").code == 0
    one, two = (tmp_path / where / "vocals.wav" for where in ("a/six", "b/two"))
    np.testing.assert_array_equal(soundfile.read(one)[0], soundfile.read(two)[0])


def test_a_stretch_of_a_song_without_its_vocals(
    separate: Rtsep, small_model: Path, tmp_path: Path
) -> None:
    song = write_band(tmp_path / "song.wav", 1.8)
    stretch = ("--from", "0:00.5", "--to", "1.25", "--mute", "vocals", "--json")
    done = separate(song, "-o", tmp_path / "out", *stretch)
    assert done.code == 0 and done.json["separated"] == 1 and done.json["seconds"] == 0.75
    mix = tmp_path / "out" / "song" / "mix.wav"
    assert done.out.splitlines()[:-1] == [str(mix)]
    cut = sound(song)[:, round(0.5 * RATE) : round(1.25 * RATE)]
    (vocals,) = load(small_model, "cpu").separate(cut, stems=["vocals"])
    np.testing.assert_allclose(sound(mix), cut - vocals, rtol=0, atol=1e-6)


def test_one_stem_and_the_rest_of_the_song(separate: Rtsep, song: Path, tmp_path: Path) -> None:
    done = separate(song, "-o", tmp_path, "--two-stems", "vocals")
    assert [Path(line).name for line in done.out.splitlines()] == ["vocals.wav", "no_vocals.wav"]


def test_what_is_there_is_told(separate: Rtsep, song: Path, tmp_path: Path) -> None:
    first, again = (separate(song, "-o", tmp_path) for _ in range(2))
    assert first.out == again.out and again.code == 0
    assert "song.wav: there already; --force makes it again" in again.err
    assert "there already" not in separate(song, "-o", tmp_path, "--force").err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--from", "soon"], "'soon' is not a time like 90 or 1:30"),
        (["--from", "2:00", "--to", "1:59"], "119.0 s as the end is not behind 120.0 s"),
        (["--from", "9:00"], "ends at 0.70 s, and from 540 s on was asked for"),
        (["--shard", "0/4"], "'0/4' is not like 3/16"),
        (["--shard", "5/4"], "'5/4' is not like 3/16"),
        (["--two-stems", "piano"], "no stem piano"),
        (["--stem", "bass", "--mute", "bass"], "are different outputs; choose one"),
        (["--gain", "bass=7"], "must be -inf to +6 dB"),
        (["--gain", "bass=3", "--gain", "bass=-3"], "bass cannot be at +3 and -3 dB"),
        (["--mute", "v", "--gain", "v=3"], "v cannot be muted and at +3 dB; leave one of them out"),
        (["--time-limit", "0"], "0"),
        (["--jobs", "-1"], "-1"),
    ],
)
def test_options_of_libraries(
    separate: Rtsep, song: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    done = separate(song, "-o", tmp_path, *arguments)
    assert done.code == 2 and complaint in done.complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--stem", "piano"], "no stem piano; the model has drums"),
        (["--two-stems", "piano"], "no stem piano; the model has drums"),
        (["--mute", "v"], "no stem v; the model has drums"),
        (["--from", "9:00"], "song.wav ends at 0.70 s, and from 540 s on was asked for"),
    ],
)
def test_what_is_known_before_is_refused_before_anything_is_loaded(
    separate: Rtsep, song: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    done = separate(song, "-o", tmp_path, *arguments)
    assert done.code == 2 and complaint in done.err and "loading" not in done.err


def test_of_a_library_is_told_what_was_made_and_nothing_of_what_was_not(
    separate: Rtsep, tmp_path: Path
) -> None:
    (tmp_path / "m").mkdir()
    write_band(tmp_path / "m" / "a.wav", 0.3)
    command = (tmp_path / "m", "-o", tmp_path / "out", "--jobs", "0")
    done, again = separate(*command), separate(*command)
    assert " s for 0.3 s of audio (" in done.err and "x real time" in done.err
    assert again.code == 0 and "there already  1" in again.err
    assert "real time" not in again.err and "0:00" not in again.err
    assert f"\na line for each file in {tmp_path / 'out'}" in again.err


def test_one_is_no_plural(separate: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.wav").write_text("no music")
    (tmp_path / "m" / "cover.jpg").touch()
    done = separate(tmp_path / "m", "-o", tmp_path / "out", "--jobs", "0")
    assert done.code == 1 and "rtsep: 1 of 1 file failed; " in done.err
    assert "the same command tries it again" in done.err
    assert "passed over: 1 file (.jpg 1)" in done.err


def test_a_run_that_is_interrupted_at_once_shows_no_empty_table(
    separate: Rtsep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: LibraryRun) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LibraryRun, "results", interrupted)
    (tmp_path / "m").mkdir()
    write_band(tmp_path / "m" / "a.wav", 0.3)
    done = separate(tmp_path / "m", "-o", tmp_path / "out", "--jobs", "0")
    assert (done.code, done.said) == (1, ["no file was finished", "rtsep: interrupted"])


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not there for this Python")
@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("auto", "no Ray cluster found by auto (no answer of Ray's within 2 s where RAY_ADDRESS"),
        ("foo", "no address of a Ray cluster: 'foo'; give auto"),
        ("", "no address of a Ray cluster: ''; give auto"),
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1: Connection refused; check the address"),
    ],
)
def test_a_cluster_that_is_not_there(
    separate: Rtsep,
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # of "auto", which may find one otherwise
    monkeypatch.setattr(joining, "_ANSWER_SECONDS", 2.0)
    done = separate(song, "-o", tmp_path / "out", "--ray", address)
    assert done.code == 2 and complaint in done.complaint and "--" in done.complaint
    assert not (tmp_path / "out").exists()


def test_who_interrupts_again_has_it_cleared_up_all_the_same(
    separate: Rtsep, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, close = [], LibraryRun.close

    def interrupted(self: LibraryRun) -> None:
        raise KeyboardInterrupt

    def again(self: LibraryRun) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        close(self)
        closed.append(self)

    monkeypatch.setattr(LibraryRun, "results", interrupted)
    monkeypatch.setattr(LibraryRun, "close", again)
    done = separate(song, "-o", tmp_path)
    assert (done.code, done.said) == (1, ["rtsep: interrupted"]) and closed


def test_what_lies_where_results_go_is_told(separate: Rtsep, tmp_path: Path) -> None:
    out = tmp_path / "m" / "out"
    (out / "rtsep-log.jsonl").mkdir(parents=True)
    write_band(tmp_path / "m" / "a.wav", 0.3)
    write_band(out / "b.wav", 0.3)
    done = separate(tmp_path / "m", "-o", out, "--jobs", "0")
    assert done.code == 0 and done.err.count("a.wav") == 0 and (out / "m" / "a").is_dir()
    assert "passed over, as they lie where results go and are none: 1 file of sound" in done.err
    assert "; not all lines could be written to" in done.err
