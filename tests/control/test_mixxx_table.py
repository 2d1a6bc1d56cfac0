"""The command for the table in docs/mixxx.md, and what that page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from mixxx_support import control, mapping, written

from rtsep.mixxx.layouts import AUTO, LAYOUTS
from scripts import mixxx

PAGE = mixxx.PAGE.read_text("utf-8")


def test_a_row_for_each_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faders = [control(f"[Channel{n}]", "volume", 0xB0, n) for n in (1, 2, 4)]
    scripted = control("[Channel1]", "Box.jog", 0xB0, 9, "script-binding")
    recording = control("[Recording]", "toggle_recording", 0x90, 1)
    written(tmp_path / "Good.midi.xml", mapping(*faders, scripted, recording))
    written(tmp_path / "all by script.midi.xml", mapping(scripted))
    written(tmp_path / "Bad.midi.xml", "<a>")
    page = written(
        tmp_path / "page.md", f"Before.\n\n7 mappings: x\n\n{mixxx.HEAD}| old |\n\nBehind.\n"
    )
    assert mixxx.main([str(tmp_path), "--save", "--page", str(page)]) == 0
    table = (
        "3 mappings: 0 without any script, 1 with something to take, 1 refused. "
        "6 controls: 2 done by a script, 4 taken.\n\n"
        f"{mixxx.HEAD}"
        "| all by script |  | 1 | 1 | 0 |  |\n"
        "| Bad | | | | | is not XML (no element found: line 1, column 3); give a mapping's file |\n"
        "| Good | decks | 5 | 1 | 4 | gain 1-2 4, record |\n"
    )
    assert page.read_text("utf-8") == f"Before.\n\n{table}\nBehind.\n"
    out = capsys.readouterr().out
    assert table in out
    assert json.loads(out.splitlines()[-1]) == {
        "mappings": 3, "refused": 1, "broken": 0, "with something taken": 1,
        "without a script": 0, "controls": 6, "taken": 4, "left out": {"done by a script": 2},
    }  # fmt: skip


def test_a_fault_of_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(mixxx, "import_mapping", broken)
    assert mixxx.main([str(tmp_path)]) == 1  # there is nothing
    written(tmp_path / "a.midi.xml", mapping(control("[Channel1]", "volume", 0xB0, 1)))
    assert mixxx.main([str(tmp_path)]) == 1
    assert "| a | | | | | ZeroDivisionError() |" in capsys.readouterr().out


def test_the_page_adds_up() -> None:
    said, _, _, _, *lines = mixxx.TABLE.findall(PAGE)[0].splitlines()
    rows = [line.split(" | ") for line in lines]
    read = [row for row in rows if row[2].isdigit()]
    controls, scripted, taken = (sum(int(row[column]) for row in read) for column in (2, 3, 4))
    free, useful = sum(row[3] == "0" for row in read), sum(row[4] != "0" for row in read)
    assert said == (
        f"{len(rows)} mappings: {free} without any script, {useful} with something to take, "
        f"{len(rows) - len(read)} refused. {controls:,} controls: {scripted:,} done by a script, "
        f"{taken:,} taken."
    )
    assert len(rows) == 127 and taken > 1000


def test_the_page_knows_the_layouts() -> None:
    assert {*re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)} >= {*LAYOUTS} - {AUTO}
