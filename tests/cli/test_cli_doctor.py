"""`rtsep doctor` on this machine, with and without a sound server, weights and libraries."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rtmidi
from cli_support import Done, Rtsep, finish, start

from rig.server import JackServer, running_jack
from rtsep.doctor import asking

STATES = {"ok", "advice", "problem", "unknown"}


def checks(done: Done) -> dict[str, dict[str, Any]]:
    """By name; every one of them is complete."""
    found = done.json["checks"]
    for check in found:
        assert check["state"] in STATES and check["found"]
        assert "the check itself failed" not in check["found"], check
        asks = check["state"] in ("advice", "problem")
        assert bool(check["advice"]) == bool(check["effect"]) == asks
    wanted = [check["name"] for check in found if check["advice"]]
    assert sorted(done.json["changes"]) == sorted(wanted)
    problems = [name for name in done.json["changes"] if _state(found, name) == "problem"]
    assert done.json["changes"][: len(problems)] == problems
    assert done.json["ready"] is (not problems) and done.code == bool(problems)
    return {check["name"]: check for check in found}


def _state(found: list[dict[str, Any]], name: str) -> str:
    return next(str(check["state"]) for check in found if check["name"] == name)


@contextmanager
def plugged_in(client: str, port: str) -> Iterator[None]:
    """A controller that exists in software only."""
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    try:
        out.open_virtual_port(port)
        yield
    finally:
        out.close_port()
        out.delete()


@pytest.fixture
def no_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The PortAudio library is missing, and rtmidi crashes."""
    folder = tmp_path / "stubs"
    folder.mkdir()
    (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    (folder / "rtmidi.py").write_text("import os; os.abort()")
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_under_a_sound_server(jack_server: JackServer, small_model: Path, tmp_path: Path) -> None:
    with plugged_in("nanoKONTROL2", "nanoKONTROL2 MIDI 1"), plugged_in("Strange", "Desk"):
        command = ("-m", "rtsep", "doctor", "--model", small_model, "--json")
        done = finish(start(*command, cache=tmp_path / "cache"))
    found = checks(done)
    assert (found["portaudio"]["state"], done.code) == ("ok", 0), done
    assert "JACK" in found["portaudio"]["found"]
    assert "mic: JACK: system; speakers: JACK: system" in found["sound devices"]["found"]
    assert found["sample rate"]["state"] == found["clocks"]["state"] == "ok"
    assert "jack" in found["midi"]["found"]
    assert "nanoKONTROL2 MIDI 1: korg-nanokontrol2" in found["controllers"]["found"]
    assert "rtsep midi learn --port Strange:Desk" in found["controllers"]["advice"]
    assert str(small_model.name) in found["weights"]["found"]
    assert "never tuned" in found["tuning"]["found"]
    assert done.err == ""
    assert {"rtsep", "python", "torch", "numpy", "sounddevice"} <= done.json["versions"].keys()
    assert not (tmp_path / "cache").exists()


def test_without_anything(rtsep: Rtsep, no_sound: Path, tmp_path: Path) -> None:
    done = rtsep("doctor", "--cache", tmp_path / "none" / "yet", "--json")
    found = checks(done)
    assert "the PortAudio library is missing" in found["portaudio"]["found"]
    assert "install" in found["portaudio"]["advice"]
    assert "SIGABRT" in found["midi"]["found"]
    assert found["weights"]["state"] == "problem"
    assert found["weights"]["advice"].startswith("rtsep models pull htdemucs")
    assert "sound devices" not in found and "tuning" not in found
    assert done.json["changes"][:2] == ["portaudio", "weights"]
    assert done.err.startswith("rtsep: not ready for live use: portaudio, weights")
    assert "Traceback" not in done.err
    assert not (tmp_path / "none").exists()


def test_a_server_at_another_rate(tmp_path: Path) -> None:
    with running_jack(rate=48_000) as server, pytest.MonkeyPatch.context() as patch:
        for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            patch.setenv(key, server.env[key])
        answers = asking.ask(
            asking.Round({"sound": asking.Question("rtsep.doctor.sound", "look")}, 60.0)
        )
    rate = asking.sound.sample_rate(answers["sound"], "linux")
    assert rate is not None and "48 kHz" in rate.found and "ms of latency" in rate.effect


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("sound", "midi", "permission", "torch", "model", "instant")
    answers = dict.fromkeys(names, asking.Failure("no answer in 10 s"))
    monkeypatch.setattr(asking, "ask", lambda *rounds: answers)


@pytest.mark.usefixtures("nobody_answers")
def test_the_plain_report_is_lines_to_send_to_somebody(rtsep: Rtsep, tmp_path: Path) -> None:
    done = rtsep("doctor", "--cache", tmp_path)
    lines = done.out.splitlines()
    assert lines[0].startswith("rtsep ") and " on " in lines[0]
    assert "problem  portaudio         no answer in 10 s" in lines
    assert "unknown  weights           cannot be found out: no answer in 10 s" in lines
    at = lines.index("What to change, in order of effect:")
    assert lines[at + 1].startswith(" 1. torch (problem): PyTorch cannot be loaded")
    assert lines[at + 2].startswith("    do:  ") and lines[at + 3].startswith("    why: ")
    assert done.code == 1 and done.err.count("\n") == 1


@pytest.mark.usefixtures("nobody_answers")
def test_the_report_on_a_terminal_is_a_table(
    rtsep: Rtsep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    done = rtsep("doctor", "--cache", tmp_path)
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in done.out.splitlines()]
    assert ["sound", "problem", "portaudio", "no", "answer"] in [line.split()[:5] for line in plain]
    assert plain != done.out.splitlines()
    changes = plain[plain.index("What to change, in order of effect:") + 1 :]
    assert [line for line in changes if len(line) > 60 and "do:  " not in line] == []
    assert any(line.startswith(" " * 9) for line in changes)  # the rest of a reason


def test_a_library_that_is_missing_is_a_finding(
    rtsep: Rtsep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rtsep.doctor.checks", None)
    done = rtsep("doctor", "--json")
    (check,) = done.json["checks"]
    assert done.code == 1 and check["name"] == "packages"
    assert check["found"].startswith("a library cannot be loaded") and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--model", "htdemuks"), "no model called 'htdemuks'; did you mean 'htdemucs'?"),
        (("--compute", "tpu"), "'tpu' is none of auto, cpu, cuda, mps"),
        (("everything",), "unexpected extra argument"),
    ],
)
def test_bad_usage(
    rtsep: Rtsep, arguments: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    done = rtsep("doctor", "--cache", tmp_path, *arguments)
    assert done.code == 2 and complaint in done.complaint
