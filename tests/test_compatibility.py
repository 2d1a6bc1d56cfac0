"""docs/compatibility.md says what pyproject.toml says, and the command for its table works."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rtsep.executors.package import OLDEST_TRUSTED
from scripts import compatibility

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ROWS = re.findall(r"^\| (3\.\d+) \| (\d+\.\d+)\S* .*\| (\w[\w ]*) \|$", PAGE, re.MULTILINE)
PYTHONS = [f"3.{minor}" for minor in range(10, 15)]


def test_the_table_has_the_pythons_of_the_package() -> None:
    claimed = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if ":: 3." in text]
    assert claimed == PYTHONS == [python for python, _, _ in ROWS]
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in PAGE
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert {how for _, _, how in ROWS} <= {"tried", "unknown"}


def test_the_table_has_the_range_of_pytorch() -> None:
    (torch,) = (text for text in PROJECT["dependencies"] if Requirement(text).name == "torch")
    assert f"`{torch}`" in PAGE
    assert all(Requirement(torch).specifier.contains(f"{version}.0") for _, version, _ in ROWS)
    assert f"**Compiled steps** need PyTorch {'.'.join(map(str, OLDEST_TRUSTED))}." in PAGE


def test_this_python_is_one_of_them() -> None:
    """So that nobody tests with one that the table does not know."""
    assert SpecifierSet(PROJECT["requires-python"]).contains("{}.{}".format(*sys.version_info))
    assert "{}.{}".format(*sys.version_info) in PYTHONS


def test_types_are_checked_for_the_oldest_and_the_newest() -> None:
    check = (ROOT / "scripts" / "check").read_text("utf-8").split()
    asked = [check[at + 2] for at, word in enumerate(check) if word == "mypy"]
    assert asked == [PYTHONS[0], PYTHONS[-1]]


def test_a_row_of_this_python(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = [sys.executable, "--save", "--results", str(tmp_path), "--tests"]
    assert compatibility.main([*command, "tests/mixer/test_histogram.py"]) == 0
    (row,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert row["python"].startswith("{}.{}.".format(*sys.version_info))
    assert row["passed"] > 0 and row["failed"] == []
    assert row["tests"] == "-m unit tests/mixer/test_histogram.py"
    assert compatibility.main([*command, "tests/no_such_test.py"]) == 1
    (kept,) = tmp_path.glob("compatibility-*.json")
    assert len(json.loads(kept.read_text())) == 1  # the newer row in the place of the older


def test_what_failed_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import pytest\n@pytest.mark.unit\ndef test_no(): 1 / 0")
    row = compatibility.tested(sys.executable, [str(tmp_path / "test_it.py")])
    assert row["exit"] == 1 and row["passed"] == 0
    assert [name.rpartition("::")[2] for name in row["failed"]] == ["test_no"]
