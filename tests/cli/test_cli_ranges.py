"""What --help says of ranges is what the options take, and nothing that only Python understands."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from cli_support import Rtsep

from rtsep.cli.main import command as program
from rtsep.cli.measure.profile import profile
from rtsep.measure.roundtrip.burst import LEVELS_DB


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from paths(inner, (*path, name))


@pytest.mark.parametrize("path", [*paths(program)], ids=" ".join)
def test_no_range_is_open_in_the_words_of_python(rtsep: Rtsep, path: tuple[str, ...]) -> None:
    done = rtsep(*path, "--help")
    assert done.code == 0 and "None" not in done.out and "inf<" not in done.out


def test_the_level_of_bursts_is_what_bursts_can_have() -> None:
    (level,) = (option for option in profile.params if option.name == "level_db")
    low, high = LEVELS_DB
    assert [level.type.convert(db, level, None) for db in (low, high)] == [low, high]
    for beyond in (low - 1, high + 1):
        with pytest.raises(click.BadParameter):
            level.type.convert(beyond, level, None)
