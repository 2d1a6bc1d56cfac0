"""`--path instant` on files, and the words that ask for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtsep.cli.main import main


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.mark.parametrize("asked", [("--path", "instant"), ("--latency", "instant")])
def test_a_file_is_separated_as_it_would_be_live(
    small_model: Path, asked: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    window = ("--window", "0.6", "--hop", "46", "--lookahead", "46") if asked[0] == "--path" else ()
    code = run(
        "--input", "demo", "--output", "null", "--model", small_model, *asked, *window, "--json"
    )
    told = capsys.readouterr()
    if not window:  # 2 s are too long for the small network
        assert code == 2 and "window must be at most" in told.err
        return
    assert code == 0, told.err
    found = json.loads(told.out)
    assert found["path"] == "instant"
    assert found["latency"]["algorithmic"]["samples"] == 1024
    assert "23 ms after the sound" in told.err


def test_a_file_with_the_shorter_delay(
    small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        "--input", "demo", "--output", "null", "--model", small_model, "--path", "instant",
        "--delay", "12", "--window", "0.6", "--json",
    )  # fmt: skip
    told = capsys.readouterr()
    assert code == 0, told.err
    assert json.loads(told.out)["latency"]["algorithmic"]["samples"] == 512
    assert "12 ms after the sound" in told.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--latency", "instant", "--path", "full"), "does not go with --path full"),
        (
            ("--latency", "instant", "--hop", "93"),
            "--hop does not go with --latency; write --path instant",
        ),
        (("--delay", "12"), "--delay is that of the instant path; write --path instant too"),
        (
            ("--pace", "realtime", "--path", "full", "--delay", "12"),
            "--delay is that of the instant path",
        ),
        (("--path", "instant", "--delay", "11"), "'11' is not one of '12', '23'"),
        (("--path", "quick"), "'quick' is not one of"),
        (("--latency", "soon"), "neither auto, instant nor milliseconds"),
    ],
)
def test_what_does_not_fit_is_told(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--input", "demo", "--output", "null", *words) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
