"""`rtsep map`: measures once, goes on after a stop, draws, and tells what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stem_songs
from cli_support import Done, Rtsep
from music import SAMPLE_RATE, mixture, stempeg_stems
from small_songs import write_song

from rtsep.audio.writer import write_file
from rtsep.cli.measure import map_run
from rtsep.engine.separator import Separator
from rtsep.measure.mapping import Job, measure
from rtsep.report.map_table import Measurement, read_map
from rtsep.weights import Checkpoint

GRID = ("--window", "0.4", "--hop", "93,140", "--lookahead", "46", "--mode", "exact")
POINTS = 3  # offline, and the two hops


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("songs") / "song", 0.4)


@pytest.fixture
def mapped(rtsep: Rtsep, small_model: Path, folder: Path, tmp_path: Path) -> Rtsep:
    """`rtsep map SONG` with a small grid and the small model, into an empty folder."""

    def call(*arguments: object, songs: tuple[object, ...] = (folder,)) -> Done:
        output = () if "--output" in arguments else ("--output", tmp_path / "out" / "map")
        model = ("--model", small_model, "--compute", "cpu")
        return rtsep("map", *songs, *model, *GRID, *output, *arguments)

    return call


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[Job]]:
    """Ctrl-C during the measurement of that number; returns what is measured."""

    def install(number: int) -> list[Job]:
        seen: list[Job] = []

        def counting(
            separator: Separator, job: Job, advance: Callable[[float], None]
        ) -> Measurement:
            seen.append(job)
            if len(seen) == number:
                raise KeyboardInterrupt
            return measure(separator, job, advance)

        monkeypatch.setattr(map_run, "measure", counting)
        return seen

    return install


def test_a_stem_file_is_a_song(mapped: Rtsep, tmp_path: Path) -> None:
    path = tmp_path / "tune.stem.mp4"
    stem_songs.write_song(path, stem_songs.song(20_000), codec="alac")
    done = mapped("--no-plot", songs=(path,))
    assert done.code == 0, done
    points = read_map(tmp_path / "out" / "map.csv")
    assert {m.point.song for m in points} == {"tune.stem.mp4"}
    assert set(points[0].sdr) == {"drums", "bass", "other", "vocals", "mean"}
    path.write_bytes(b"no sound")
    assert "not an audio file" in mapped("--no-plot", songs=(path,)).complaint


def test_a_map_is_a_table_and_two_pictures(mapped: Rtsep, tmp_path: Path) -> None:
    done = mapped()
    files = [tmp_path / "out" / f"map.{kind}" for kind in ("csv", "svg", "png")]
    assert done.code == 0 and done.out.splitlines() == [str(path) for path in files]
    assert all(path.stat().st_size > 500 for path in files)
    first, *rows = done.said
    assert first == "2 settings and offline on song: 3 points"
    points = [m.point for m in read_map(files[0])]
    assert [(p.mode, p.hop_ms) for p in points] == [
        ("offline", None),
        ("exact", 139.32),
        ("exact", 92.88),
    ]
    assert [point.latency_ms for point in points] == [None, 185.76, 139.32]
    assert len(rows) == POINTS and "hop 139 + lookahead  46 = 186 ms" in rows[1]


def test_the_instant_path_joins_the_table(
    rtsep: Rtsep, mapped: Rtsep, small_model: Path, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "out" / "map.csv"
    assert mapped("--no-plot").code == 0
    done = rtsep(
        "map", folder, "--model", small_model, "--compute", "cpu", "--path", "instant",
        "--output", table.with_suffix(".svg"),
    )  # fmt: skip
    assert done.code == 0 and "2 settings and offline on song: 3 points; 1 are in" in done.err
    assert "instant      12 ms after the sound" in done.err
    points = [m.point for m in read_map(table)]
    assert [(p.mode, p.latency_ms) for p in points[3:]] == [
        ("instant", 23.22),
        ("instant", 11.61),
    ]
    assert table.with_suffix(".svg").stat().st_size > 500


def test_what_is_measured_is_not_measured_again(
    mapped: Rtsep, tmp_path: Path, stop_at: Callable[[int], list[Job]]
) -> None:
    table = tmp_path / "out" / "map.csv"
    begun = stop_at(3)
    stopped = mapped("--no-plot")
    assert stopped.code == 1 and len(begun) == 3
    assert stopped.err.splitlines()[-1] == (
        f"rtsep: stopped; 1 points are missing in {table}; the same command goes on from there"
    )
    before = table.read_text()
    assert len(read_map(table)) == 2
    again = stop_at(0)
    done = mapped("--no-plot")
    assert done.code == 0 and [job.point.hop_ms for job in again] == [92.88]
    assert f"3 points; 2 are in {table} already" in done.err
    assert table.read_text().startswith(before) and len(read_map(table)) == POINTS
    nothing = stop_at(0)
    assert mapped("--no-plot").code == 0 and nothing == []
    other = stop_at(1)  # another excerpt is another measurement
    assert mapped("--no-plot", "--seconds", "0.3").code == 1 and len(other) == 1


def test_drawing_measures_nothing(
    mapped: Rtsep, rtsep: Rtsep, tmp_path: Path, stop_at: Callable[[int], list[Job]]
) -> None:
    assert mapped("--output", tmp_path / "a.svg").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.svg"]
    table, before = tmp_path / "a.csv", (tmp_path / "a.csv").read_bytes()
    stop_at(1)
    done = rtsep("map", "--from", table, "--output", tmp_path / "b.svg")
    assert (done.code, done.out, done.err) == (0, f"{tmp_path / 'b.svg'}\n", "")
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()
    assert rtsep("map", "--from", table).out.split() == [
        str(tmp_path / name) for name in ("a.svg", "a.png")
    ]
    assert table.read_bytes() == before
    chosen = rtsep("map", "--from", table, "--precision", "bf16")
    assert chosen.code == 2 and "the map is empty" in chosen.complaint


def test_without_matplotlib_nothing_is_measured_for_a_picture(
    mapped: Rtsep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = mapped()
    assert done.code == 2 and "pip install 'rtsep[plot]'" in done.complaint
    assert not (tmp_path / "out").exists()
    assert mapped("--no-plot").code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["map.csv"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--hop", "93,fast"], "'fast' is not a number, 0 or more"),
        (["--hop", "93,"], "'' is not a number, 0 or more"),
        (["--lookahead", "-1"], "'-1' is not a number"),
        (["--window", "nan"], "'nan' is not a number"),
        (["--window", "3"], "window must be at most 1.00 s"),
        (["--mode", "swift"], "'swift' is not one of 'exact', 'incremental'"),
        (["--path", "instant"], "--window is of the full path; leave it or --path out"),
        (["--seconds", "0"], "--seconds"),
        (["--seconds", "9"], "song is 0.40 s long and has no 9 s from 0 s on"),
        (["--start", "2"], "song is 0.40 s long and has no"),
        (["--output", "map.pdf"], "a map is written to .csv, .svg and .png files, not to .pdf"),
        (["--from", "a.csv"], "--from measures nothing, so 'SONG...' does not go with it"),
    ],
)
def test_bad_usage(
    mapped: Rtsep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str],
    complaint: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = mapped(*arguments)
    assert done.code == 2 and complaint in done.complaint
    assert list(tmp_path.iterdir()) == []


def test_songs_that_are_none(mapped: Rtsep, rtsep: Rtsep, folder: Path, tmp_path: Path) -> None:
    """Told before any model is loaded: there is none in this cache."""
    model = ("--model", "stored-nowhere", "--cache", tmp_path / "cache")
    namesake = write_song(tmp_path / "song", 0.1)
    (tmp_path / "empty").mkdir()
    for songs, complaint in (
        ((), "give folders with songs to measure, or a table with --from"),
        ((tmp_path / "nowhere",), "cannot read"),
        ((tmp_path / "empty",), "no mixture in"),
        ((folder, namesake), "are both called song; rename one"),
    ):
        done = rtsep("map", *songs, *model)
        assert done.code == 2 and complaint in done.complaint


def test_other_tables_are_left_alone(mapped: Rtsep, rtsep: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("mine\n")
    for done in (mapped("--output", tmp_path), rtsep("map", "--from", tmp_path / "map.csv")):
        assert done.code == 2 and "is no map: it begins with 'mine'" in done.complaint
    assert (tmp_path / "map.csv").read_text() == "mine\n"


def test_real_music(
    rtsep: Rtsep, tmp_path: Path, official: Checkpoint, weights_cache: Path
) -> None:
    """The figures of music: streamed and offline near each other, far from those of the mixture."""
    song, part = tmp_path / "song", slice(2 * SAMPLE_RATE, 5 * SAMPLE_RATE)
    song.mkdir()
    tracks = {"mixture": mixture(), **stempeg_stems()}
    for name, audio in tracks.items():
        write_file(song / f"{name}.wav", audio[:, part], SAMPLE_RATE)
    done = rtsep(
        "map", song, "--compute", "cpu", "--cache", weights_cache, "--output", tmp_path / "m.csv",
        "--window", "1", "--hop", "372", "--mode", "incremental", "--start", "1", "--seconds", "1",
    )  # fmt: skip
    assert done.code == 0, done.err
    sdr = {m.point.mode: m.sdr for m in read_map(tmp_path / "m.csv")}
    assert set(sdr) == {"offline", "incremental"}
    assert abs(sdr["offline"]["mean"] - sdr["incremental"]["mean"]) < 1.5
    for figures in sdr.values():
        assert figures["drums"] > 10 and figures["mean"] > 3  # 12.4 and 3.9 or more as written
