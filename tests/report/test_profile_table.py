"""The tables of a profile on a terminal of 80 columns."""

from __future__ import annotations

import io

from profile_runs import known_run
from rich.console import Console

from rtsep.report.profile.figures import WORK, figures
from rtsep.report.profile.run import Run
from rtsep.report.profile.table import profile_table
from rtsep.status import InstantStatus


def shown_lines(run: Run) -> list[str]:
    length = {"samples": 1024, "ms": 23.2}
    settings = {
        "model": "small", "device": "cpu", "processor": "p", "precision": "fp32",
        "executor": "eager", "input": "a", "output": "b",
        "spec": {"mode": "exact", "window": length, "hop": length, "lookahead": length},
    }  # fmt: skip
    console = Console(width=80, file=io.StringIO())
    console.print(profile_table(settings, figures(run)))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_names_stay_with_their_colours_and_titles_on_their_line() -> None:
    lines = shown_lines(known_run())
    legend = [line for line in lines if "■" in line]
    shown = [name for line in legend for name in line.replace("■", ";").split(";")[1:]]
    assert [name.strip() for name in shown] == [name for name in WORK if name != "step"]
    assert all(shown) and max(map(len, lines)) <= 80
    assert "Latency in ms: declared, needed, measured" in [line.strip() for line in lines]


def test_the_instant_path_is_told_where_there_is_one() -> None:
    times = {"p50": 1.5, "p99": 2.0, "p99.9": 2.5, "max": 4.0}
    instant = InstantStatus(memory_seconds=61.2, fit=0.8, hops=1000, late=3, hop_ms=times)
    run = known_run(instant=instant)
    assert figures(run)["instant"]["hop_ms"] == times
    text = " ".join(shown_lines(run))
    assert "instant path: 1000 hops of p50 1.50, p99.9 2.50, max 4.00 ms; 3 late" in text
    assert "instant" not in " ".join(shown_lines(known_run()))
