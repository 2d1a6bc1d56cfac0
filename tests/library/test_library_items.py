"""What comes out of each file, whatever it is; and that no file ends the run."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
import soundfile
from cli_support import sound
from library_support import Library, contents, write_noise
from small_models import RATE, write_small_model

import rtsep
from rtsep import LibraryResult
from rtsep.audio.wav import WavWriter
from rtsep.engine.separator import Separator
from rtsep.errors import AudioFileError, ConfigError
from rtsep.library import partial
from rtsep.library.record import RECORD, Made, Origin, record_of
from rtsep.library.tree import tree_of

STEMS = ("drums", "bass", "other", "vocals")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_noise(tmp_path / "song.wav", 1.1, 3)


def made(results: list[LibraryResult]) -> dict[str, np.ndarray]:
    (result,) = results
    assert result.status == "ok", result
    return {file.stem: sound(file) for file in result.files}


def test_stems_are_those_of_the_model(library: Library, model: Path, song: Path) -> None:
    found = made(library(song))
    expected = rtsep.load(model, "cpu").separate(sound(song))
    np.testing.assert_allclose([found[stem] for stem in STEMS], expected, rtol=0, atol=1e-6)


def test_one_stem_and_the_others_sum_to_the_song(library: Library, song: Path) -> None:
    stems = made(library(song))
    found = made(library(song, two_stems="vocals"))
    assert list(found) == ["vocals", "no_vocals"]
    np.testing.assert_array_equal(found["vocals"], stems["vocals"])
    np.testing.assert_allclose(sum(found.values()), sound(song), rtol=0, atol=1e-6)


def test_a_mix_without_some_stems(library: Library, song: Path) -> None:
    stems = made(library(song))
    found = made(library(song, mute=["vocals"], gains_db={"drums": -6.0205999}))
    expected = sound(song) - stems["vocals"] - stems["drums"] / 2
    assert list(found) == ["mix"]
    np.testing.assert_allclose(found["mix"], expected, rtol=0, atol=1e-6)


def test_a_stretch_is_the_song_cut(library: Library, song: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    first, last = round(0.31 * RATE), round(0.87 * RATE)
    soundfile.write(cut, sound(song)[:, first:last].T, RATE, "FLOAT")
    found, expected = made(library(song, start=0.31, stop=0.87)), made(library(cut))
    for stem in STEMS:
        np.testing.assert_array_equal(found[stem], expected[stem])
    (result,) = library(song, start=0.31, stop=60)
    assert result.seconds == round((1.1 * RATE - first) / RATE, 3)
    longer = write_noise(tmp_path / "longer.wav", 1.5, 4)
    done, late = sorted(library(longer, song, start=1.2), key=lambda each: each.path)
    assert done.ok and (late.status, late.kind) == ("failed", "unsuitable")
    assert "song.wav ends at 1.10 s" in late.message


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"stems": ["drums"], "mute": ["vocals"]}, "stems and gains or mute are different outputs"),
        ({"two_stems": "piano"}, "no stem piano; the model has drums, bass, other, vocals"),
        ({"mute": ["piano"]}, "no stem piano"),
        ({"stems": ["piano"]}, "no stem piano; the model has drums, bass, other, vocals"),
        ({"stems": ["bass", "bass"]}, "each stem can be asked for once, got bass, bass"),
        ({"mute": ["bass"], "gains_db": {"bass": 3}}, "bass cannot be muted and at +3 dB"),
        ({"start": 9.0}, "song.wav ends at 1.10 s, and from 9 s on was asked for"),
        ({"gains_db": {"bass": 7}}, "must be -inf to +6 dB, got 7"),
        ({"gains_db": {"bass": float("nan")}}, "must be -inf to +6 dB, got nan"),
        ({"start": 2.0, "stop": 1.0}, "is not behind"),
        ({"overlap": 1.0}, "overlap must be"),
        ({"encoding": "ogg"}, "no encoding 'ogg'"),
        ({"bitrate": 256}, "WAV has no bit rate"),
        ({"encoding": "alac", "bitrate": 256}, "leave 256 kb/s out, or take one of mp3, m4a,"),
        ({"encoding": "mp3", "bitrate": 321}, "no libmp3lame of 321 kb/s"),
        ({"encoding": "stem", "stems": ["drums"]}, "a stem file holds all stems"),
        ({"encoding": "stem-alac", "mute": ["drums"]}, "a stem file holds all stems"),
        ({"shard": (3, 2)}, "shard 3/2 is none"),
        ({"time_limit": 0.0}, "more than 0 seconds"),
    ],
)
def test_what_cannot_be_asked_for(
    library: Library, song: Path, tmp_path: Path, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        library(song, **options)
    assert complaint in str(caught.value) and not (tmp_path / "out").exists()


def test_odd_sound(library: Library, tmp_path: Path) -> None:
    """8 channels, 5 ms, NaN, a single sample, all silent, one channel at another rate."""
    noise = sound(write_noise(tmp_path / "all.wav", 0.2, 1))
    broken = noise.copy()
    broken[0, 5:9] = np.nan
    files = {
        "eight": (np.tile(noise, (4, 1)), RATE),
        "short": (noise[:, : RATE // 200], RATE),
        "nan": (broken, RATE),
        "one": (noise[:, :1], RATE),
        "silent": (0 * noise, RATE),
        "mono": (noise[:1, :8000], 16_000),
    }
    for name, (audio, rate) in files.items():
        soundfile.write(tmp_path / f"{name}.wav", audio.T, rate, "FLOAT")
    results = {each.path.stem: each for each in library(*(tmp_path / f"{n}.wav" for n in files))}
    assert {name: each.status for name, each in results.items()} == dict.fromkeys(files, "ok")
    lengths = {name: soundfile.info(each.files[0]).frames for name, each in results.items()}
    assert lengths == {"eight": 8820, "short": 220, "nan": 8820, "one": 1, "silent": 8820,
                       "mono": 22_050}  # fmt: skip
    assert "4 NaN or infinite samples replaced by silence" in results["nan"].notes
    assert "8 channels" in results["eight"].notes[0]


def test_a_file_that_takes_too_long(library: Library, song: Path, tmp_path: Path) -> None:
    quick = write_noise(tmp_path / "quick.wav", 0.01, 4)
    late, done = library(song, quick, time_limit=1e-9, force=True), library(quick)
    assert {(each.kind, each.status) for each in late} == {("time-limit", "failed")}
    assert "--time-limit" in late[0].message
    assert done[0].ok and not (tmp_path / "out" / "song").exists()


def test_what_the_network_spoils_is_not_written(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    separate = Separator.separate_blocks

    def spoilt(self: Separator, *args: object, **options: object) -> object:
        for stems, mix in separate(self, *args, **options):  # type: ignore[arg-type]
            yield stems.div_(0), mix

    monkeypatch.setattr(Separator, "separate_blocks", spoilt)
    (result,) = library(song)
    assert (result.status, result.kind) == ("failed", "not-finite")
    assert contents(tmp_path / "out") == {}


def test_a_bug_is_one_file_s(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_noise(tmp_path / "good.wav", 0.1, 9)
    separate = Separator.separate_blocks

    def failing(self: Separator, *args: object, **options: object) -> object:
        for number, piece in enumerate(separate(self, *args, **options)):  # type: ignore[arg-type]
            if number:
                raise IndexError("off by one")
            yield piece

    monkeypatch.setattr(Separator, "separate_blocks", failing)
    results = {each.path.name: each for each in library(song, good)}
    assert results["song.wav"].kind == "bug" and "off by one" in results["song.wav"].message
    assert results["good.wav"].ok
    assert not list((tmp_path / "out").glob(".rtsep-part-*"))


def test_a_full_disk_ends_the_run_cleanly(
    library: Library, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system takes so many bytes and no more."""
    songs = [write_noise(tmp_path / "m" / f"{n}.wav", 0.1, n) for n in range(5)]
    room, write = [2 * 4 * 4410 * 2 * 4 + 100], WavWriter._write_all  # the stems of two files

    def limited(self: WavWriter, data: bytes) -> None:
        if len(data) > 200:  # headers are written in place again and again
            room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    monkeypatch.setattr(WavWriter, "_write_all", limited)
    results: list[LibraryResult] = []
    settings = {"model": model, "device": "cpu", "precision": "fp32"}
    with pytest.raises(rtsep.DiskFullError, match="no space left for"):
        for result in rtsep.separate_library(songs, tmp_path / "out", **settings):
            results.append(result)
    assert [(each.status, each.kind) for each in results] == [
        ("ok", ""),
        ("ok", ""),
        ("failed", "disk-full"),
    ]
    assert len(list((tmp_path / "out").iterdir())) == 3  # with the log
    monkeypatch.undo()
    assert [each.status for each in library(*songs)].count("there") == 2


def test_a_folder_that_cannot_be_written(library: Library, song: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "song").touch()
    (result,) = library(song)
    assert (result.status, result.kind) == ("failed", "unwritable")
    assert [each.name for each in (tmp_path / "out").glob("[!.r]*")] == ["song"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_results_that_can_be_nowhere(
    library: Library, song: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AudioFileError, match=r"cannot write to .*file is no folder; choose"):
        library(song, out=tmp_path / place)


def test_a_read_only_folder_is_told_before_anything_is_loaded(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere but on a disk that is read-only; so the system's answer is made."""
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(AudioFileError, match="is read-only or somebody else's; choose another"):
        rtsep.separate_library(song, tmp_path / "new" / "out")


def test_a_path_that_is_longer_than_libsndfile_takes(
    library: Library, song: Path, tmp_path: Path
) -> None:
    out = tmp_path.joinpath(*["deep" * 50] * 6)
    assert len(str(out)) > 1024
    (result,) = library(song, out=out)
    assert result.ok, result.message
    (out / "again.wav").write_bytes(song.read_bytes())
    assert library(out / "again.wav")[0].ok


def test_what_is_there_is_not_made_again(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = library(song)
    before = contents(tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(Separator, "separate_blocks", lambda *args, **options: iter(()))
        (again,) = library(song)
    assert (again.status, again.files, again.key) == ("there", first.files, first.key)
    assert contents(tmp_path / "out") == before
    (forced,) = library(song, force=True)
    assert forced.status == "ok" and contents(tmp_path / "out") == before


@pytest.mark.parametrize("what", ["missing", "short", "record", "song", "model", "option"])
def test_what_is_not_as_it_was_is_made_again(
    library: Library, song: Path, tmp_path: Path, what: str
) -> None:
    (first,) = library(song)
    options: dict[str, object] = {}
    stem = first.files[0]
    if what == "missing":
        stem.unlink()
    elif what == "short":
        stem.write_bytes(stem.read_bytes()[:-1])
    elif what == "record":
        (first.folder / RECORD).write_text("{}")
    elif what == "song":
        write_noise(song, 1.1, 4)
    elif what == "model":
        options["model"] = write_small_model(tmp_path / "other.safetensors")
    else:
        options["overlap"] = 0.5
    (again,) = library(song, **options)
    assert again.status == "ok" and again.files == first.files
    assert soundfile.info(stem).frames == soundfile.info(song).frames


def test_a_file_that_changes_while_it_is_read(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of it, which did not change, must not get what was made of it."""
    copy = tmp_path / "the_same.wav"
    copy.write_bytes(song.read_bytes())
    separate = Separator.separate_blocks

    def changed(self: Separator, blocks: Iterable[Any], *more: Any, **options: Any) -> Any:
        for piece in separate(self, blocks, *more, **options):
            with song.open("ab") as file:
                file.write(b"more")
            yield piece

    with monkeypatch.context() as patch:
        patch.setattr(Separator, "separate_blocks", changed)
        results = library(song, copy)
    assert {result.kind for result in results} == {"unreadable"}
    assert "changed while it was read" in results[0].message
    assert [result.status for result in library(copy)] == ["ok"]


def test_two_ways_live_in_one_folder_until_they_share_a_file(library: Library, song: Path) -> None:
    statuses = [library(song, **options)[0].status for options in (
        {"stems": ["drums"]}, {"mute": ["drums"]}, {"stems": ["drums"]}, {"mute": ["drums"]},
        {"stems": ["drums", "bass"]}, {"stems": ["drums"]}, {"mute": ["drums"]},
    )]  # fmt: skip
    assert statuses == ["ok", "ok", "there", "there", "ok", "ok", "there"]


def test_other_files_in_the_folder_stay(library: Library, song: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "song"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "drums.wav").write_text("older")
    (result,) = library(song)
    assert result.ok and (folder / "notes.txt").read_text() == "mine"
    assert soundfile.info(folder / "drums.wav").frames == soundfile.info(song).frames


def test_equal_contents_are_computed_once(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles = [tmp_path / "m" / name for name in ("a.wav", "sub/b.wav")]
    for double in doubles:
        double.parent.mkdir(parents=True, exist_ok=True)
        double.write_bytes(song.read_bytes())
    results = library(song, tmp_path / "m")
    assert sorted(each.status for each in results) == ["copied", "copied", "ok"]
    (one, *others) = ({file.name: file.read_bytes() for file in each.files} for each in results)
    assert others == [one, one]
    assert len({each.files[0].stat().st_ino for each in results}) == 3  # no links
    late = tmp_path / "late.wav"
    late.write_bytes(song.read_bytes())
    assert {each.status for each in library(tmp_path / "m", late)} == {"there", "copied"}
    broken = [tmp_path / "x" / name for name in ("a.wav", "b.wav")]
    for path in broken:
        path.parent.mkdir(exist_ok=True)
        path.write_text("no music")
    failed = library(*broken)
    assert [each.kind for each in failed] == ["unreadable", "unreadable"]
    assert "its content is that of" in failed[1].message


def test_shards_are_the_whole_and_share_nothing(library: Library, tmp_path: Path) -> None:
    songs = [write_noise(tmp_path / "m" / f"{n}.wav", 0.02, n) for n in range(12)]
    songs[0].write_bytes(b"")
    (tmp_path / "m" / "double.wav").write_bytes(songs[3].read_bytes())
    shards = [library(tmp_path / "m", shard=(part, 3)) for part in (1, 2, 3)]
    paths = [each.path.name for shard in shards for each in shard]
    assert sorted(paths) == sorted([f"{n}.wav" for n in range(12)] + ["double.wav"])
    assert len([shard for shard in shards if shard]) > 1
    statuses = [each.status for shard in shards for each in shard]
    assert statuses.count("copied") == 1 and statuses.count("failed") == 1
    logs = sorted((tmp_path / "out").glob("rtsep-log*"))
    assert [log.name for log in logs] == [f"rtsep-log-{part}-of-3.jsonl" for part in (1, 2, 3)]
    whole = contents(tmp_path / "out")
    library(tmp_path / "m", out=tmp_path / "one")
    assert contents(tmp_path / "one") == whole


def test_the_log_has_a_line_for_each(library: Library, song: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no music")
    library(song, tmp_path / "bad.wav")
    library(song)
    text = (tmp_path / "out" / "rtsep-log.jsonl").read_text("ascii")
    lines = {line["file"] + line["status"]: line for line in map(json.loads, text.splitlines())}
    assert len(lines) == 3
    done = lines[f"{song}ok"]
    assert done["seconds"] == 1.1 and done["times_real_time"] > 0 and len(done["sha256"]) == 64
    assert done["files"] == [f"{stem}.wav" for stem in STEMS]
    failed = lines[f"{tmp_path / 'bad.wav'}failed"]
    assert failed["kind"] == "unreadable" and "not an audio file" in failed["message"]
    assert lines[f"{song}there"]["wall_seconds"] == 0


def test_an_input_is_never_written_over(library: Library, tmp_path: Path) -> None:
    song = write_noise(tmp_path / "bass" / "bass.wav", 0.1, 1)
    with pytest.raises(AudioFileError, match="is being read and would be overwritten"):
        library(song, out=tmp_path)


def test_an_album_beside_a_song_of_its_name_is_no_result(library: Library, tmp_path: Path) -> None:
    music = tmp_path / "m"
    song = write_noise(music / "01.wav", 0.1, 1)
    inside = write_noise(music / "01" / "a.wav", 0.1, 2)
    assert library(song, out=music)[0].folder == music / "01"
    results = {each.path: each for each in library(music, out=music)}
    assert results.keys() == {song, inside} and all(each.ok for each in results.values())
    again = {each.path: each.status for each in library(music, out=music)}
    assert again == {song: "there", inside: "there"}


def test_what_a_result_was_never_becomes_a_song(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what a later result leaves of an earlier one, and where replacing it was cut off."""
    out = tmp_path / "out"
    for options in ({}, {"stems": ["drums"], "overlap": 0.5}, {"encoding": "flac"}):
        library(song, **options)
    assert tree_of([out], tmp_path / "elsewhere").items == []

    replace, left = os.replace, [2]

    def cut(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.EIO, "cut off")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        (failed,) = library(song, mute=["bass"])
    assert failed.status == "failed" and (out / "song" / "mix.wav").exists()
    assert tree_of([out], tmp_path / "elsewhere").items == []
    assert library(song, mute=["bass"])[0].status == "ok"


def test_two_at_once_put_the_same_in_one_place(tmp_path: Path) -> None:
    """The folder comes to be between the look and the renaming."""
    folder = tmp_path / "song"
    origin = Origin(name="song.wav", bytes=1, mtime_ns=1, sha256="0")
    made = Made(seconds=1.0, files={"drums.wav": 1}, notes=[], settings={})
    with partial.partial_folder(folder) as one, partial.partial_folder(folder) as other:
        for each in (one, other):
            (each / "drums.wav").write_text("x")
        rename = os.rename

        def late(source: Path, target: Path) -> None:
            rename(other, target)
            rename(source, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "rename", late)
            partial.seal(one, folder, "key", origin, made)
    record = record_of(folder)
    assert record and record.finished("key", folder) == made
    assert list(tmp_path.iterdir()) == [folder]


ELSEWHERE = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[2]
os.getpid = lambda: 2**22 + 7
from pathlib import Path
from rtsep.library.partial import partial_folder
with partial_folder(Path(sys.argv[1]) / "song") as partial:
    print(partial, flush=True)
    sys.stdin.read()
"""


def test_what_others_are_at_stays_whatever_their_host_is_called(
    library: Library, song: Path, tmp_path: Path
) -> None:
    """A container with the name of this host has processes and temporary files of its own."""
    out, own = tmp_path / "out", tmp_path / "tmp"
    own.mkdir()
    command = [sys.executable, "-c", ELSEWHERE, str(out), str(own)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        library(song, force=True)
        assert theirs.exists()
        other.kill()
    library(song, force=True)
    assert theirs.exists()  # nobody here knows that they are no more
    os.utime(theirs, (1, 1))
    library(song, force=True)
    assert not theirs.exists()


def test_what_a_killed_process_of_this_machine_left_goes(
    library: Library, song: Path, tmp_path: Path
) -> None:
    out, shared = tmp_path / "out", tempfile.gettempdir()
    command = [sys.executable, "-c", ELSEWHERE, str(out), shared]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        with partial.partial_folder(out / "mine") as mine:
            library(song, force=True)
            assert theirs.exists() and mine.exists()
            other.kill()
            other.wait()
            library(song, force=True)
            assert not theirs.exists() and mine.exists()
    assert not list(Path(shared).glob(f"*{theirs.name.lstrip('.')}*"))


def test_an_end_while_it_is_cleared_up_leaves_what_the_next_run_clears(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", interrupted)
        with partial.partial_folder(tmp_path / "out" / "song"):
            raise KeyboardInterrupt
    assert list((tmp_path / "out").iterdir())
    library(song)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"song", "rtsep-log.jsonl"}


def test_who_goes_no_further_leaves_nothing(model: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_noise(tmp_path / "m" / f"{number}.wav", 1, number)
    before = set(psutil.Process().children(recursive=True))
    settings = {"model": model, "device": "cpu", "precision": "fp32", "jobs": 1}
    for result in rtsep.separate_library(tmp_path / "m", tmp_path / "out", **settings):
        assert result.ok
        break
    left = [each for each in set(psutil.Process().children(recursive=True)) - before
            if "resource_tracker" not in " ".join(each.cmdline())]  # fmt: skip
    assert not psutil.wait_procs(left, timeout=10)[1]
    assert not list((tmp_path / "out" / "m").glob(".rtsep*"))


def test_no_lock_stays_behind(
    library: Library, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "bad.wav").write_text("no music")
    library(song, tmp_path / "bad.wav")
    library(song, force=True, time_limit=1e-9)
    assert not list((tmp_path / "tmp").iterdir())


def test_another_encoder_makes_nothing_anew_and_is_written_down(
    library: Library, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = library(song, encoding="mp3")
    text = (first.folder / RECORD).read_text()
    assert f"(PyAV {av.__version__})" in text and "libavcodec" in text
    monkeypatch.setattr(av, "__version__", "99.0")
    assert library(song, encoding="mp3")[0].status == "there"
    library(song, encoding="mp3", force=True)
    assert "(PyAV 99.0)" in (first.folder / RECORD).read_text()


def test_segments_together_are_as_good(library: Library, song: Path, tmp_path: Path) -> None:
    one, many = made(library(song)), made(library(song, batch=3, force=True))
    for stem in STEMS:
        np.testing.assert_allclose(many[stem], one[stem], rtol=0, atol=1e-5)
