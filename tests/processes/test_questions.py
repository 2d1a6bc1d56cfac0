"""Questions asked in processes of their own: they hang, crash and print, and nobody suffers."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rtsep.doctor.permission import PermissionFacts
from rtsep.processes.questions import Failure, Question, Round, ask

PATIENT = 120.0  # never reached


def question(name: str, *arguments: Any) -> Question:
    return Question("asked_questions", name, arguments)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def test_answers_come_back_and_nothing_else_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    answers = ask(
        Round({"sum": question("add", 2, 3), "noise": question("chatter")}, PATIENT),
        Round({"other": question("add", 4, 5)}, PATIENT),
    )
    assert answers == {"sum": 5, "noise": "said", "other": 9}
    assert capfd.readouterr() == ("", "")


def test_what_goes_wrong_is_told_in_the_place_of_an_answer() -> None:
    answers = ask(
        Round({
            "refused": question("refuse"), "stumbled": question("stumble"),
            "missing": Question("no_such_module", "look"), "fine": question("add", 1, 1),
        }, PATIENT),
        Round({"crashed": question("crash"), "after": question("add", 1, 1)}, PATIENT),
        Round({"left": question("leave")}, PATIENT),
    )  # fmt: skip
    assert answers == {
        "refused": Failure("no such thing; try another"),
        "stumbled": Failure("ValueError: first line"),
        "missing": Failure("ModuleNotFoundError: No module named 'no_such_module'"),
        "fine": 2,
        "crashed": Failure("it ended the process that asked, with SIGABRT"),
        "after": Failure("not asked, since crashed gave no answer"),
        "left": Failure("it ended the process that asked, with code 3"),
    }


def test_what_hangs_is_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PortAudio that never comes back is one such thing."""
    (tmp_path / "sounddevice.py").write_text("import time; time.sleep(600)")
    monkeypatch.syspath_prepend(str(tmp_path))
    began = time.monotonic()
    answers = ask(
        Round({"first": question("add", 1, 1), "hung": question("number", tmp_path)}, 5.0),
        Round({"sound": Question("rtsep.doctor.sound", "look")}, 5.0),
    )
    assert time.monotonic() - began < 60  # they would sleep ten minutes
    hung = Failure("no answer in 5 s")
    assert answers == {"first": 2, "hung": hung, "sound": hung}
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_file_in_the_current_folder_is_not_taken_for_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "pickle", "rtsep", "asked_questions"):
        (tmp_path / f"{name}.py").write_text("import os; os._exit(9)")
    monkeypatch.chdir(tmp_path)
    assert ask(Round({"sum": question("add", 2, 3)}, PATIENT)) == {"sum": 5}


def test_real_time_permission_is_asked_for_in_earnest() -> None:
    """What the system grants to `chrt` it grants to us, and this process keeps its own priority."""
    chrt = subprocess.run(["chrt", "-r", "5", "true"], stderr=subprocess.DEVNULL)
    look = Question("rtsep.doctor.permission", "look")
    found = ask(Round({"permission": look}, PATIENT))["permission"]
    assert isinstance(found, PermissionFacts) and found.asked
    assert found.granted is (chrt.returncode == 0)


def test_the_priority_is_refused_without_the_right_to_it() -> None:
    """Even to root, when that right is taken away."""
    code = (
        "from rtsep.doctor.permission import look, real_time; found = look(); "
        "print(found.granted, real_time(found).state.value)"
    )
    bound = ["setpriv", "--bounding-set=-sys_nice"] if psutil.Process().uids().real == 0 else []
    limit = ["prlimit", "--rtprio=0", "--"]
    done = subprocess.run([*bound, *limit, sys.executable, "-c", code], capture_output=True)
    assert done.stdout.split() == [b"False", b"advice"], done
