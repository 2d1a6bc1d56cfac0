"""Help can be read, says nothing twice, and new names keep their old ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from cli_support import Rtsep

from rtsep.cli.help import Sectioned
from rtsep.cli.main import command


def all_commands(found: click.Command = command, *words: str) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(found, click.Group):
        for name, inner in found.commands.items():
            yield from all_commands(inner, *words, name)


COMMANDS = pytest.mark.parametrize("words", list(all_commands()), ids=" ".join)


def called(words: tuple[str, ...]) -> click.Command:
    found: click.Command = command
    for word in words:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    return found


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@COMMANDS
def test_help_fits_and_shows_nothing_of_how_it_is_parsed(
    rtsep: Rtsep, words: tuple[str, ...]
) -> None:
    done = rtsep(*words, "--help")
    assert done.code == 0 and done.err == ""
    assert max(map(len, done.out.splitlines())) <= 80
    assert "..." not in done.out.partition("Commands:")[2]  # no summary is cut off
    for leftover in (r"[<>]=?x\b", r"\bx[<>]", r"\bNone\b", "RANGE", "FLOAT", "INTEGER", r"\.0\]"):
        assert not re.search(leftover, done.out), leftover


@COMMANDS
def test_every_option_is_explained_once(rtsep: Rtsep, words: tuple[str, ...]) -> None:
    shown = rtsep(*words, "--help").out
    for option in called(words).params:
        if isinstance(option, click.Option):
            assert option.help and option.help.endswith((".", "]", ")")), option.opts
            record = option.get_help_record(click.Context(called(words)))
            assert record
            rows = re.findall(rf"^  {re.escape(record[0])}(?:  |$)", shown, re.MULTILINE)
            assert len(rows) == 1, option.opts


@pytest.mark.parametrize("words", [(), ("profile",)])
def test_sections_name_every_option_but_help_which_comes_last(
    rtsep: Rtsep, words: tuple[str, ...]
) -> None:
    found = called(words)
    assert isinstance(found, Sectioned)
    named = [name for names in found.sections.values() for name in names]
    assert sorted(named) == sorted(str(option.name) for option in found.params)
    out = rtsep(*words, "--help").out
    at = [out.index(f"\n{heading}:\n") for heading in found.sections]
    assert at == sorted(at) and out.index("--help") > at[-1]


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [("--device", "cpu", "--compute"), ("--device-latency", "high", "--buffer")],
)
def test_old_names_are_understood_and_shown_nowhere(
    rtsep: Rtsep, old: str, value: str, new: str
) -> None:
    for words in ((), ("profile",)):
        out = rtsep(*words, "--help").out
        assert not re.search(rf"{old}(?!-only)\b", out) and new in out
    # A live option of a session that is none is told by its new name.
    done = rtsep("--input", "demo", "--output", "null", old, value, "--hop", "nan")
    assert done.code == 2 and "'nan' is not a number" in done.complaint
    done = rtsep(old, value)
    assert done.code == 2 and f"{new} does nothing without --input" in done.complaint


def test_the_network_and_the_devices_are_told_apart(rtsep: Rtsep) -> None:
    done = rtsep("--input", "mic", "--device", "Focusrite USB")
    assert "'--compute': 'Focusrite USB' is none of auto, cpu, cuda, mps" in done.complaint
    done = rtsep("--input", "demo", "--device-latency", "slow")
    assert "'--buffer'" in done.complaint and "'--device-latency'" not in done.complaint
