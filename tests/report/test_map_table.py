"""A map's file: whole at any moment, gone on with, and nothing else taken for one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rtsep.errors import ConfigError
from rtsep.report.map_table import COLUMNS, MapTable, Measurement, Point, read_map


def measurement(song: str = "song", **setting: object) -> Measurement:
    times: dict[str, object] = {"window_s": 1.997, "hop_ms": 92.88, "lookahead_ms": 46.44}
    point = {"model": "m", "precision": "fp32", "start_s": 1.5, "seconds": 10.0, "mode": "exact"}
    return Measurement(
        point=Point(song=song, **(point | times | setting)),  # type: ignore[arg-type]
        device="cpu",
        step_p50_ms=651.25,
        sdr={"drums": 12.345, "vocals": -1.0, "mean": 5.672},
    )


OFFLINE = Measurement(
    point=Point(song="a, b", model="m", precision="fp32", start_s=0.0, seconds=9.5, mode="offline"),
    device="cpu",
    sdr={"rest": 3.25, "mean": 3.25},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "maps" / "map.csv"


def test_what_is_written_is_read(path: Path) -> None:
    table = MapTable(path)
    for one in (OFFLINE, measurement()):
        table.add(one)
    assert read_map(path) == [OFFLINE, measurement()] == list(table.measured.values())


def test_rows_as_a_spreadsheet_sees_them(path: Path) -> None:
    MapTable(path).add(measurement())
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["stem"] for row in rows] == ["drums", "vocals", "mean"]
    assert rows[0] == dict(
        song="song", model="m", precision="fp32", mode="exact", window_s="1.997", hop_ms="92.88",
        lookahead_ms="46.44", latency_ms="139.32", start_s="1.5", seconds="10.0", stem="drums",
        sdr_db="12.345", step_p50_ms="651.25", device="cpu",
    )  # fmt: skip


def test_going_on_keeps_what_is_there(path: Path) -> None:
    MapTable(path).add(OFFLINE)
    table = MapTable(path)
    assert OFFLINE.point in table.measured and measurement().point not in table.measured
    table.add(measurement())
    assert read_map(path) == [OFFLINE, measurement()]


def test_every_cut_of_a_crash_can_be_gone_on_with(path: Path) -> None:
    """Only a measurement whose last row is whole counts."""
    table = MapTable(path)
    for one in (OFFLINE, measurement()):
        table.add(one)
    whole = path.read_bytes()
    header, first = len(whole.splitlines(True)[0]), len(b"".join(whole.splitlines(True)[:3]))
    for end in [0, *range(header, len(whole))]:
        path.write_bytes(whole[:end])
        table = MapTable(path)
        assert list(table.measured.values()) == [OFFLINE] * (end >= first)
        for one in (OFFLINE, measurement()):
            if one.point not in table.measured:
                table.add(one)
        assert path.read_bytes() == whole


def test_sorted_rows_lose_nothing(path: Path) -> None:
    table = MapTable(path)
    for one in (OFFLINE, measurement()):
        table.add(one)
    header, *rows = path.read_text().splitlines(True)
    path.write_text("\ufeff" + header + "".join(sorted(rows, reverse=True)), "utf-8")
    assert {m.point: m.sdr for m in MapTable(path).measured.values()} == {
        m.point: m.sdr for m in (OFFLINE, measurement())
    }


HEADER = ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name;db\n", r"map.csv is no map: it begins with 'name;db' instead of song,model,"),
        ("no end", r"map.csv is no map: it begins with 'no end' instead of song,model,"),
        ("\n", r"map.csv is no map: it begins with '' instead of song,model,"),
        (HEADER + "a,b\n", r"line 2 of .*map.csv is no row of a map"),
        (HEADER + "s,m,fp32,exact,2,loud,0,0,0,1,mean,3,,cpu\n", r"line 2 of .* 'loud'"),
        (HEADER + "s,m,fp32,exact,2,9,0,9,0,1,mean,nan,,cpu\n", r"line 2 of .*\(nan where a num"),
        (HEADER + "s,m,fp32,swift,2,9,0,9,0,1,mean,1,,cpu\n", r"line 2 of .*\(mode 'swift'\)"),
    ],
)
def test_other_files_are_refused_and_left_alone(path: Path, text: str, complaint: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        MapTable(path)
    assert path.read_text() == text


def test_what_is_no_text_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ConfigError, match=r"map.csv is no text"):
        MapTable(path)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot write .*; choose another --output"):
        MapTable(tmp_path / "file" / "map.csv")
    with pytest.raises(ConfigError, match=r"cannot read .*none.csv: No such file"):
        read_map(tmp_path / "none.csv")
