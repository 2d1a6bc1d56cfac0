"""`rtsep profile --compare`: whether a change helped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rtsep.control.text import printable
from rtsep.report.profile.compare import (
    ALPHA,
    LENGTH,
    cautions,
    compare,
    differences,
    read_profile,
)


def compare_profiles(first: Path, second: Path, *, as_json: bool) -> None:
    """Show every measure of both, and how sure their difference is."""
    from rich.console import Console
    from rich.table import Table

    a, b = read_profile(first), read_profile(second)
    found = compare(a, b)
    console = Console(stderr=as_json, highlight=False)

    def line(text: str) -> None:
        console.print(printable(text), markup=False, soft_wrap=True)

    line(f"A: {first}, {_runs(a)}")
    line(f"B: {second}, {_runs(b)}")
    for name, values in differences(a, b).items():
        ours, theirs = map(_brief, values)
        line(f"  {name.removeprefix('spec.')}: {ours} (A), {theirs} (B)")
    table = Table(box=None, pad_edge=False, collapse_padding=True)  # 80 columns
    for name in (
        "",
        "A ms",
        "B ms",
        "B / A",
        f"{100 * (1 - ALPHA):.0f} % interval",
        "p",
        "verdict",
    ):
        table.add_column(name, justify="left" if name in ("", "verdict") else "right")
    for one in found:
        interval = "" if one.low is None else f"{one.low:.3f}-{one.high:.3f}"
        cells = (f"{one.a:.2f}", f"{one.b:.2f}", f"{one.ratio:.3f}", interval, f"{one.p:.3f}")
        table.add_row(one.name, *cells, one.verdict)
    console.print(table)
    if found[0].smallest_p > ALPHA:
        line(
            f"{len(a['runs'])} and {len(b['runs'])} runs cannot show a difference: even the "
            f"clearest would come about by chance with p = {found[0].smallest_p:.2f}. "
            "Measure both with --runs 5"
        )
    for caution in cautions(a, b):
        line(f"caution: {caution}")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "measures": [
                        {**dataclasses.asdict(one), "verdict": one.verdict} for one in found
                    ],
                    "differences": differences(a, b),
                    "cautions": cautions(a, b),
                }
            )
        )


def _runs(profile: Mapping[str, Any]) -> str:
    count = len(profile["runs"])
    return "1 run" if count == 1 else f"{count} runs"


def _brief(value: Any) -> str:
    """A setting in words, and a length in both units: it may differ in samples only."""
    if isinstance(value, Mapping) and set(value) == LENGTH:
        return f"{value['ms']:g} ms ({value['samples']} samples)"
    return "not told" if value is None else str(value)
