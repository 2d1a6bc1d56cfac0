"""How sessions of both kinds say what they did."""

from __future__ import annotations

from typing import Any

import click

from rtsep.config import StreamSpec
from rtsep.control.text import printable


def say(text: str) -> None:
    """Lines for a person, on standard error so that --json stays alone on the other. Names in them
    may come from strangers, and move no cursor."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=True)


def length(samples: int, rate: int) -> dict[str, float]:
    return {"samples": samples, "ms": round(1000 * samples / rate, 3)}


def spec_dict(spec: StreamSpec) -> dict[str, Any]:
    lengths = ("window", "hop", "lookahead", "crossfade", "refresh")
    return {
        "mode": spec.mode,
        **{name: length(getattr(spec, name), spec.sample_rate) for name in lengths},
    }
