"""How sessions of both kinds say what they did."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

import click

from rtsep.config import StreamSpec
from rtsep.control.text import printable


def say(text: str) -> None:
    """Lines for a person, on standard error so that --json stays alone on the other. Names in them
    may come from strangers, and move no cursor. A terminal breaks no words of them."""
    lines = [printable(line) for line in text.split("\n")]
    if sys.stderr.isatty():
        lines = [part for line in lines for part in _at_words(line)]
    click.echo("\n".join(lines), err=True)


def _at_words(line: str) -> list[str]:
    columns = shutil.get_terminal_size().columns
    if len(line) < columns:
        return [line]
    return textwrap.wrap(
        line, columns - 1, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def about(seconds: float) -> str:
    """In a unit that fits, without more digits than an estimate has."""
    if seconds < 90:
        return f"{max(5 * round(seconds / 5), 5)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def length(samples: int, rate: int) -> dict[str, float]:
    return {"samples": samples, "ms": round(1000 * samples / rate, 3)}


def spec_dict(spec: StreamSpec) -> dict[str, Any]:
    lengths = ("window", "hop", "lookahead", "crossfade", "refresh")
    return {
        "mode": spec.mode,
        **{name: length(getattr(spec, name), spec.sample_rate) for name in lengths},
    }
