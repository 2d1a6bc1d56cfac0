"""`rtsep profile`: where the time goes."""

from __future__ import annotations

from typing import Any

import click

from rtsep.cli.options import (
    device_options,
    milliseconds,
    model_options,
    parse_target,
    precision_option,
    stream_options,
)
from rtsep.config import EXECUTORS


@click.command()
@click.option("--roundtrip", is_flag=True, help="Measure a closed loop: cable, microphone or JACK.")
@click.option("--input", default="mic", show_default=True, metavar="mic|DEVICE", help="Where from.")
@click.option(
    "--output", default="speakers", show_default=True, metavar="speakers|DEVICE", help="Where to."
)
@click.option(
    "--device-only", is_flag=True, help="Only from output to input, without a model and an engine."
)
@click.option(
    "--repeats", type=click.IntRange(2, 50), default=8, show_default=True, help="Bursts to play."
)
@click.option(
    "--level",
    "level_db",
    type=float,
    default=-18.0,
    show_default=True,
    metavar="DB",
    help="Of the bursts, RMS in dB of full scale.",
)
@milliseconds("--search", default=1000.0, help="How late, beyond what is declared, to look.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="S",
    help="How long you may take to close the loop.",
)
@device_options
@model_options
@stream_options(mode="exact")
@click.option("--latency", "target", metavar="auto|MS", callback=parse_target, help="As live.")
@precision_option(None)
@click.option("--executor", type=click.Choice(EXECUTORS), default="auto", show_default=True)
@milliseconds("--budget", help="Time a step may take.  [default: the hop]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def profile(roundtrip: bool, **options: Any) -> None:
    """Measure where the time goes."""
    if not roundtrip:
        raise click.UsageError("say what to profile: --roundtrip")
    from rtsep.cli.roundtrip import run_roundtrip

    run_roundtrip(**options)
