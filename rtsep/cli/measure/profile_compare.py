"""`rtsep profile --compare`: whether a change helped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtsep.control.text import printable
from rtsep.report.profile.compare import (
    ALPHA,
    LENGTH,
    Comparison,
    cautions,
    compare,
    differences,
    read_profile,
)

if TYPE_CHECKING:
    from rich.table import Table


def compare_profiles(first: Path, second: Path, *, as_json: bool) -> None:
    """Show every measure of both, and how sure their difference is."""
    from rich.console import Console

    a, b = read_profile(first), read_profile(second)
    found = compare(a, b)
    console = Console(stderr=as_json, highlight=False)

    def say(*lines: str) -> None:
        for line in lines:
            console.print(printable(line), markup=False, soft_wrap=True)

    say(f"A: {first}, {_runs(a)}", f"B: {second}, {_runs(b)}")
    say(*_different_settings(a, b))
    console.print(_table(found))
    if found[0].smallest_p > ALPHA:
        say(
            f"{len(a['runs'])} and {len(b['runs'])} runs cannot show a difference: even the "
            f"clearest would come about by chance with p = {found[0].smallest_p:.2f}. "
            "Measure both with --runs 5"
        )
    say(*(f"caution: {caution}" for caution in cautions(a, b)))
    if as_json:
        measures = [{**dataclasses.asdict(one), "verdict": one.verdict} for one in found]
        told = {"measures": measures, "differences": differences(a, b), "cautions": cautions(a, b)}
        click.echo(json.dumps(told))


def _different_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for name, values in differences(a, b).items():
        ours, theirs = map(_brief, values)
        yield f"  {name.removeprefix('spec.')}: {ours} (A), {theirs} (B)"


def _table(found: Sequence[Comparison]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, collapse_padding=True)  # 80 columns
    sure = f"{100 * (1 - ALPHA):.0f} % interval"
    for name in ("", "A ms", "B ms", "B / A", sure, "p", "verdict"):
        table.add_column(name, justify="left" if name in ("", "verdict") else "right")
    for one in found:
        interval = "" if one.low is None else f"{one.low:.3f}-{one.high:.3f}"
        cells = (f"{one.a:.2f}", f"{one.b:.2f}", f"{one.ratio:.3f}", interval, f"{one.p:.3f}")
        table.add_row(one.name, *cells, one.verdict)
    return table


def _runs(profile: Mapping[str, Any]) -> str:
    count = len(profile["runs"])
    return "1 run" if count == 1 else f"{count} runs"


def _brief(value: Any) -> str:
    """A setting in words, and a length in both units: it may differ in samples only."""
    if isinstance(value, Mapping) and set(value) == LENGTH:
        return f"{value['ms']:g} ms ({value['samples']} samples)"
    return "not told" if value is None else str(value)
