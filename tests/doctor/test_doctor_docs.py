"""docs/doctor.md shows what `rtsep doctor` looks at today."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from rtsep.doctor.checks import CHECKS
from rtsep.doctor.outcome import State

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")
STATES = "|".join(state.value for state in State)


def test_the_shown_output_has_the_checks_in_their_order() -> None:
    shown = re.findall(rf"^(?:{STATES}) +(\w[\w ]*?)  ", PAGE, re.MULTILINE)
    assert shown == [name for _, name, _ in CHECKS if name in shown]
    assert len(shown) > len(CHECKS) - 5  # some machines have no battery, no limits, no card


def test_all_packages_are_counted() -> None:
    found = re.search(r"^ok +python +(3\.\d+)\..*\n.*; all (\d+) packages as wanted$", PAGE, re.M)
    assert found
    version, count = found.groups()
    wanted = map(Requirement, metadata.requires("rtsep") or ())
    here = {"extra": "", "python_version": version}
    assert int(count) == sum(one.marker is None or one.marker.evaluate(here) for one in wanted)


def test_every_theme_has_its_row() -> None:
    rows = re.findall(r"^\| (\w+) \| ", PAGE, re.MULTILINE)
    assert set(rows) >= {theme for theme, _, _ in CHECKS}
