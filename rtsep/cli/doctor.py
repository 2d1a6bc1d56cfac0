"""`rtsep doctor`: whether this machine is ready for live use, and what to change."""

from __future__ import annotations

import json
import os
import platform
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtsep import __version__
from rtsep.cli.common.options import config_option, model_options

if TYPE_CHECKING:
    from rtsep.doctor.examine import Check, Report

# Everything else is imported where it is used: `rtsep --help` must not wait for it.

_COLOURS = {"ok": "green", "advice": "yellow", "problem": "bold red", "unknown": "dim"}


@click.command(short_help="Check this machine for live use, and say what to change.")
@model_options
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def doctor(model: str, device: str, cache: Path | None, config: Path | None, as_json: bool) -> None:
    """Check this machine for live use: sound, MIDI, processor, power, GPU, weights, disk.

    Says what to change, in the order of its effect. Changes nothing itself, and fetches nothing.
    Ends with 1 if something prevents live use.
    """
    from rtsep.cli.common.progress import RichObserver
    from rtsep.errors import RtsepError

    with RichObserver("looking at this machine", log=False):
        from rtsep.doctor.examine import examine
        from rtsep.doctor.surroundings import Surroundings
        from rtsep.weights.cache import default_folder

        report = examine(
            Surroundings(
                cache=cache or default_folder(),
                folder=Path("."),
                config=config,
                model=model,
                device=device,
                environment=dict(os.environ),
            )
        )
    if as_json:
        click.echo(json.dumps(_as_json(report)))
    else:
        _print(report)
    if report.problems:
        raise RtsepError(
            f"not ready for live use: {', '.join(report.problems)}; see what to change"
        )


def _as_json(report: Report) -> dict[str, Any]:
    from rtsep.doctor.examine import changes

    return {
        "ready": not report.problems,
        "versions": {"rtsep": __version__, **report.versions},
        "checks": [
            {
                "theme": check.theme,
                "name": check.name,
                "state": check.outcome.state.value,
                "found": check.outcome.found,
                "advice": check.outcome.advice,
                "effect": check.outcome.effect,
            }
            for check in report.checks
        ],
        "changes": [check.name for check in changes(report.checks)],
    }


def _print(report: Report) -> None:
    """A table on a terminal, plain lines elsewhere: they are made to be sent to somebody."""
    from rich.console import Console

    from rtsep.doctor.examine import changes

    click.echo(f"rtsep {__version__} on {platform.platform()}\n")
    console = Console(highlight=False)
    if console.is_terminal:
        _print_table(console, report)
    else:
        for check in report.checks:
            state, found = check.outcome.state.value, check.outcome.found
            click.echo(f"{state:8s} {check.name:17s} {found}")
    wanted = changes(report.checks)
    click.echo(
        "\nWhat to change, in order of effect:" if wanted else "\nThere is nothing to change."
    )
    width = console.width if console.is_terminal else sys.maxsize
    for number, check in enumerate(wanted, 1):
        _print_change(number, check, width)


def _print_table(console: Any, report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True, style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("found", overflow="fold")
    theme = ""
    for check in report.checks:
        state = check.outcome.state.value
        heading, theme = check.theme if check.theme != theme else "", check.theme
        found = Text(check.outcome.found)
        table.add_row(heading, Text(state, style=_COLOURS[state]), check.name, found)
    console.print(table)


def _print_change(number: int, check: Check, width: int) -> None:
    """Commands are neither broken into lines nor coloured, so that they can be copied."""
    outcome = check.outcome
    mark = " (problem)" if outcome.state.value == "problem" else ""
    click.echo(_filled(f"{number:2d}. ", f"{check.name}{mark}: {outcome.found}", width))
    click.echo(f"    do:  {outcome.advice}")
    click.echo(_filled("    why: ", outcome.effect, width))


def _filled(start: str, text: str, width: int) -> str:
    """As wide as the terminal, broken between words, below where it begins."""
    return textwrap.fill(
        text, width, initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
