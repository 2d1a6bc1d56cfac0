"""The command line with words that nobody means: 0, 1 or 2, and a line or two."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from rtsep.errors import RtsepError, UsageError, explained
from tests.fuzz.holding import SEEDS, accepted, holds, some
from tests.fuzz.sandbox import Sandbox


@some(50)
@given(SEEDS)
def test_any_command(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "command", seed)


SONG = ("--input", "song.wav", "--model", "model.safetensors", "--output", "null")


@pytest.mark.parametrize(
    "words",
    [
        [*SONG, "--refresh", "nan"],
        [*SONG, "--window", "1e308"],
        [*SONG, "--hop", "1e400"],
        [*SONG, "--mode", "incremental", "--refresh", "1e9"],
        [*SONG, "--pace", "realtime", "--duration", "nan"],
        [*SONG, "--pace", "realtime", "--budget", "1e9"],
        [*SONG, "--pace", "realtime", "--budget", "1e308"],
        [*SONG, "--output", "x" * 300 + ".wav"],
        [*SONG, "--output", "x" * 300],
        [*SONG, "--cache", "x" * 300, "--model", "own"],
        ["--input", "x" * 300],
        ["models", "path", "9" * 5000],
        ["models", "list", "9" * 5000],
        ["--input", "9" * 5000],
        ["--input", "device:" + "9" * 5000],
        ["--input", "mic", "--input-channels", "9" * 5000],
        ["--input", "song.wav", "--output", "null", "--model", "pipe.th"],
        ["--input", "song.wav", "--output", "null", "--model", "/dev/zero"],
        ["--input", "song.wav", "--output", "null", "--model", "~nobody/x.th"],
        ["\x1b[2Jsong.wav", "x" * 300],
        ["models", "import", "pipe.th"],
        ["models", "list", "--cache", "x" * 300],
        ["map", "--from", "pipe"],
        ["map", "song", "--start", "nan", "--model", "model.safetensors", "--no-plot"],
        ["map", "song", "--start", "1e308", "--model", "model.safetensors", "--no-plot"],
        ["midi", "presets", "no such map", "--config", "maps"],
        ["separate", "song.wav", "-o", "out", "--overlap", "nan"],
    ],
    ids=lambda words: " ".join(words)[:60],
)
def test_words_that_went_wrong_once(sandbox: Sandbox, words: list[str]) -> None:
    outcome = sandbox.check("command", json.dumps({"words": words, "variables": {}}).encode())
    assert outcome.kind == "refused", outcome


def test_a_name_that_is_no_text(sandbox: Sandbox) -> None:
    """What is written is told byte by byte, on an output that is strict about text."""
    words = ["separate", "\udcff.wav", "-o", "out", "--model", "model.safetensors"]
    accepted(sandbox, "command", json.dumps({"words": words, "variables": {}}).encode())


def test_what_the_system_refuses_is_no_bug() -> None:
    long = FileNotFoundError(36, "File name too long", "x" * 300)
    told = explained(long)
    assert isinstance(told, UsageError) and "bug" not in str(told) and len(str(told)) < 300
    other = explained(OSError("out of luck"))
    assert type(other) is RtsepError and "this is a bug in rtsep" in str(other)
