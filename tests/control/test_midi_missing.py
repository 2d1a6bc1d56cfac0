"""A machine without python-rtmidi: what is said there, and that all else goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rtsep.config import STEMS_4
from rtsep.control.midi import MidiSpec, open_controllers
from rtsep.control.midi.ports import BUILT_WITH, NEWEST_WITH_A_BUILD, _how_to_install, open_backend
from rtsep.doctor.midi import systems
from rtsep.errors import RtsepError
from rtsep.mixer.desk import local_desk
from rtsep.processes.questions import Failure, Question, _answered

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def without_rtmidi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "rtmidi.py").write_text("raise ModuleNotFoundError(\"No module named 'rtmidi'\")")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "rtmidi", raising=False)


def test_a_session_goes_on_without(tmp_path: Path) -> None:
    events: list[str] = []
    with open_controllers(local_desk(STEMS_4)[0], MidiSpec(folder=tmp_path), events.append) as none:
        assert none.names == []
    assert [event[:48] for event in events] == ["no MIDI controllers: MIDI needs python-rtmidi, w"]


def test_whoever_insists_is_told_what_to_install() -> None:
    with pytest.raises(RtsepError, match="; try pip install python-rtmidi"):
        open_backend("jack")


def test_the_doctor_does_not_advise_a_kernel_module() -> None:
    """What is missing is the library, not the system's MIDI."""
    found = _answered(Question("rtsep.doctor.midi", "look", (None,)))
    assert isinstance(found, Failure)
    told = systems(found, "linux")
    assert told.advice.startswith("try pip install python-rtmidi")


def test_newer_pythons_get_what_compiles_it() -> None:
    major, minor = NEWEST_WITH_A_BUILD
    assert "compiles" not in _how_to_install(NEWEST_WITH_A_BUILD)
    assert f"apt install {' '.join(BUILT_WITH)}" in _how_to_install((major, minor + 1))


@pytest.mark.parametrize("minor", range(10, 15))
def test_only_what_needs_no_compiler_is_required(minor: int) -> None:
    wanted = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    here = {"python_version": f"3.{minor}", "extra": ""}
    names = {one.name for one in wanted if one.marker is None or one.marker.evaluate(here)}
    assert ("python-rtmidi" in names) is ((3, minor) <= NEWEST_WITH_A_BUILD)
