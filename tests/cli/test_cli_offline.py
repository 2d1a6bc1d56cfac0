"""`rtsep --input FILE` where nobody plays: offline, unless an option asks for the live engine."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cli_support import Done, Rtsep, db, sound
from rich.console import Console
from small_models import RATE, write_band

from rtsep.cli.common.figures import about
from rtsep.cli.common.progress import Bar
from rtsep.cli.files.progress import Estimate, Lines
from rtsep.control.text import clock

NOT_OFFLINE = {"path", "executor", "spec", "latency", "steps", "step_ms", "deadline_misses"}


@pytest.fixture
def separated(rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path) -> Rtsep:
    def call(*arguments: object) -> Done:
        small = ("--model", small_model, "--compute", "cpu")
        return rtsep("--input", song, "--output", tmp_path / "out", *small, *arguments)

    return call


def test_it_says_that_it_was_offline(separated: Rtsep) -> None:
    done = separated("--json")
    assert done.code == 0 and done.json["mode"] == "offline"
    assert {name for name, value in done.json.items() if value is None} == {
        *NOT_OFFLINE, "xruns"
    }  # fmt: skip
    assert "offline" in done.err and "latency" not in done.err and "hop" not in done.err


def test_faders_at_zero_give_back_the_input(separated: Rtsep, song: Path, tmp_path: Path) -> None:
    told = separated("--json").json
    stems = np.stack([sound(tmp_path / "out" / f"{name}.wav") for name in told["stems"]])
    mix = sound(tmp_path / "out" / "mix.wav")
    assert db(mix - sound(song)) < -120 and db(stems.sum(0) - sound(song)) < -120
    assert min(map(db, stems)) > -60


def test_faders_move_the_mix(separated: Rtsep, tmp_path: Path) -> None:
    told = separated("--mute", "vocals", "--gain", "drums=-6", "--json").json
    stems = {name: sound(tmp_path / "out" / f"{name}.wav") for name in told["stems"]}
    expected = 10**-0.3 * stems["drums"] + stems["bass"] + stems["other"]
    assert db(sound(tmp_path / "out" / "mix.wav") - expected) < -120


@pytest.mark.parametrize(
    ("option", "mode"),
    [
        (("--hop", "93"), "incremental"),
        (("--window", "0.5"), "incremental"),
        (("--lookahead", "25"), "incremental"),
        (("--refresh", "400"), "incremental"),
        (("--mode", "exact"), "exact"),
        (("--executor", "eager"), "incremental"),
        (("--precision", "fp32"), "offline"),
        (("--mute", "bass"), "offline"),
    ],
    ids=lambda option: option if isinstance(option, str) else " ".join(option),
)
def test_an_option_of_streams_means_a_stream(
    separated: Rtsep, option: tuple[str, str], mode: str
) -> None:
    window = () if mode == "offline" or "--window" in option else ("--window", "0.6")
    told = separated(*option, *window, "--json").json
    assert told["mode"] == mode and (told["spec"] is None) == (mode == "offline")
    assert told["seconds"] == 0.7


class Clock:
    """Goes on when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """What a person would see."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.shares: list[float] = []
        self.left: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def update(self, share: float, left: str) -> None:
        self.shares.append(share)
        self.left.append(left)


def test_how_long_it_will_take_is_said_once_after_the_first_segment() -> None:
    heard, now = Heard(), Clock()
    estimate = Estimate("song.flac", RATE, heard, now)
    now.now = 50.0  # of reading the file
    estimate(0, 200 * RATE)
    assert heard.lines == []
    for segment in range(1, 21):
        now.now += 6.0
        estimate(10 * segment * RATE, 200 * RATE)
    assert heard.lines == ["song.flac: 3:20 of music, about 2 min"]
    assert heard.shares == pytest.approx([n / 20 for n in range(1, 21)])
    assert heard.left[0] == "about 2 min left" and heard.left[-2] == "about 5 s left"
    assert heard.left[-1] == ""


def test_a_hop_says_nothing_about_the_rest_and_short_work_needs_no_forecast() -> None:
    for audio, seconds, lines in ((0.05, 2.0, 0), (0.05, 11.0, 1), (1.0, 2.0, 1), (1.0, 0.02, 0)):
        heard, now = Heard(), Clock()
        estimate = Estimate("x", RATE, heard, now)
        estimate(0, 100 * RATE)
        now.now = seconds
        estimate(round(audio * RATE), 100 * RATE)
        assert len(heard.lines) == lines, (audio, seconds)


@pytest.mark.parametrize(("seconds", "most"), [(10, 0), (60, 2), (600, 9), (36_000, 9)])
def test_a_log_gets_a_line_now_and_then(
    seconds: int, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    now = Clock()
    lines = Lines("song.flac", now)
    for step in range(1, 1001):
        now.now = seconds * step / 1000
        lines.update(step / 1000, "about 1 min left")
    told = capsys.readouterr().err.splitlines()
    assert len(told) in range(max(most - 1, 0), most + 1)
    assert all(re.fullmatch(r"song.flac: \d+%, about 1 min left", line) for line in told)


def test_times_are_told_in_units_that_fit() -> None:
    assert [clock(s) for s in (5, 200, 3800)] == ["0:05", "3:20", "1:03:20"]
    told = [about(s) for s in (1, 38, 100, 1000, 7000)]
    assert told == ["5 s", "40 s", "2 min", "17 min", "1.9 h"]


def test_a_bar_says_how_much_is_left() -> None:
    screen = StringIO()
    with Bar("a[b]\x1b[2J.wav", Console(file=screen, force_terminal=True, width=80)) as bar:
        bar.update(0.25, "about 2 min left")
        bar.line("3:20 of music")
    shown = screen.getvalue()
    assert "3:20 of music" in shown and "25 %  about 2 min left" in shown
    assert "a[b]" in shown and "\x1b[2J" not in shown


@pytest.mark.parametrize("command", ["input", "separate"])
def test_a_terminal_gets_a_bar_and_a_log_none(
    small_model: Path, tmp_path: Path, command: str
) -> None:
    song = write_band(tmp_path / "song.wav", 4)
    words = {
        "input": ("--input", song, "--output", tmp_path / "out"),
        "separate": ("separate", song, "-o", tmp_path / "out"),
    }[command]
    run = [sys.executable, "-W", "error", "-m", "rtsep", *words, "--model", small_model]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert re.search(rb"song\.wav .* \d+ %", shown), shown
    log = subprocess.run(run, capture_output=True, check=True).stderr
    assert not set(log) & set(b"\r\x1b"), log
