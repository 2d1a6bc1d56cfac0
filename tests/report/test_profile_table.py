"""The tables of a profile on a terminal of 80 columns."""

from __future__ import annotations

import io

from profile_runs import known_run
from rich.console import Console

from rtsep.report.profile.figures import WORK, figures
from rtsep.report.profile.table import profile_table


def test_names_stay_with_their_colours_and_titles_on_their_line() -> None:
    length = {"samples": 1024, "ms": 23.2}
    settings = {
        "model": "small", "device": "cpu", "processor": "p", "precision": "fp32",
        "executor": "eager", "input": "a", "output": "b",
        "spec": {"mode": "exact", "window": length, "hop": length, "lookahead": length},
    }  # fmt: skip
    console = Console(width=80, file=io.StringIO())
    console.print(profile_table(settings, figures(known_run())))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    legend = [line for line in lines if "■" in line]
    shown = [name for line in legend for name in line.replace("■", ";").split(";")[1:]]
    assert [name.strip() for name in shown] == [name for name in WORK if name != "step"]
    assert all(shown) and max(map(len, lines)) <= 80
    assert "Latency in ms: declared, needed, measured" in [line.strip() for line in lines]
