"""Tables that people edit and pass on: understood, or refused with a place and a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given

from rtsep.control.midi.library import Library, read_map_file
from rtsep.errors import ConfigError
from rtsep.report.map_table import COLUMNS, read_map
from tests.fuzz.holding import SEEDS, accepted, holds, refused, some
from tests.fuzz.sandbox import Sandbox
from tests.fuzz.texts import MIXXX, ROWS, shipped


@pytest.mark.parametrize("name", ["map", "toml", "mixxx"])
@some(40)
@given(seed=SEEDS)
def test_any_text(sandbox: Sandbox, name: str, seed: int) -> None:
    holds(sandbox, name, seed)


def test_what_is_whole(sandbox: Sandbox) -> None:
    accepted(sandbox, "map", "\n".join([*ROWS, ""]).encode())
    for content in shipped():
        accepted(sandbox, "toml", content)
    accepted(sandbox, "mixxx", MIXXX)


GAIN = "device.name = 'x'\nbindings = [{{type = 'cc', number = {}, action = 'gain:1'}}]"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a" + ".a" * 100_000 + " = 1", "more than 100 dots on a line"),  # gigabytes
        ("[a" + ".a" * 200 + "]", "more than 100 dots on a line"),
        ("# " + "." * 200 + "\nbindings = 1", "device is missing"),
        (GAIN.format("0x" + "f" * 8000), "number must be 0 to 127, got an enormous number"),
        (GAIN.format("[" + "0x" + "f" * 8000 + "]"), "got a list of odd things"),
        (GAIN.format("7, mode = 'relativebo', step = 1" + "0" * 400), "got an enormous number"),
    ],
)
def test_maps_of_controllers(sandbox: Sandbox, content: str, complaint: str) -> None:
    assert complaint in refused(sandbox, "toml", content.encode())


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("x" * 140_000, "line 2 of .* is no row of a map .field larger than"),
        ("a,b", "line 2 of .*2 cells instead of 14"),
        (ROWS[2].replace("93.0", "1e300"), "1e300 where a number belongs"),
        (ROWS[2].replace("93.0", "-1"), "-1 where a time belongs"),
        (ROWS[2].replace("93.0", "nan"), "nan where a number belongs"),
        (ROWS[2].replace("exact", "offline"), "only offline, and always there, window"),
        (ROWS[1].replace("offline", "exact"), "only offline, and always there, window"),
        (ROWS[2].replace("93.0", "x" * 9000), "could not convert"),
    ],
)
def test_rows_of_a_map(tmp_path: Path, row: str, complaint: str) -> None:
    path = tmp_path / "map.csv"
    path.write_text(",".join(COLUMNS) + f"\n{row}\n")
    with pytest.raises(ConfigError, match=complaint) as caught:
        read_map(path)
    assert len(str(caught.value)) < 500


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe.toml", "pipe.csv"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_map_file(tmp_path / "pipe.toml")
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_map(tmp_path / "pipe.csv")
    assert len(Library(tmp_path).problems) == 1
