"""`rtsep profile`: where every millisecond of a live session goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.live_options import budget_option, device_options
from rtsep.cli.common.options import (
    executor_option,
    given_options,
    milliseconds,
    model_options,
    path_options,
    precision_option,
    stream_options,
    target_option,
    written_file,
)
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.values import Number
from rtsep.cli.help import Sectioned

# Parameter -> option, of everything that only a session, or only a closed loop, understands.
SESSION_ONLY = {
    "duration": "--duration", "runs": "--runs", "report": "--report", "trace": "--trace"
}  # fmt: skip
LOOP_ONLY = {
    "device_only": "--device-only", "repeats": "--repeats", "level_db": "--level",
    "search": "--search", "wait": "--wait",
}  # fmt: skip

SECTIONS = {
    "Session": ("source", "destination", "duration", "runs"),
    "Latency": (
        "target", "path", "delay", "hop", "lookahead", "window", "mode", "refresh", "budget",
    ),
    "Model": ("model", "device", "precision", "executor", "cache"),
    "Sound devices": (
        "latency", "blocksize", "samplerate", "input_channels", "routes", "wasapi",
    ),
    "Closed loop": ("roundtrip", "device_only", "repeats", "level_db", "search", "wait"),
    "Results": ("report", "trace", "compare", "as_json"),
}  # fmt: skip

# What it needs beyond click is imported when it runs.


@click.command(
    cls=Sectioned, sections=SECTIONS, short_help="Show where the time of a session goes."
)
@click.option(
    "--input",
    "source",
    metavar="mic|DEVICE|FILE|demo",
    help="What is separated meanwhile; files over and over, at the pace of a device.  "
    "[default: demo; mic with --roundtrip]",
)
@click.option(
    "--output",
    "destination",
    metavar="speakers|DEVICE|null",
    help="Where it is heard.  [default: speakers for a live input, null for a file]",
)
@model_options
@stream_options
@target_option
@path_options
@precision_option(None, "  [default: auto]")
@executor_option
@budget_option
@device_options
@click.option(
    "--duration",
    type=Number(min=0, min_open=True),
    metavar="S",
    default=30,
    show_default=True,
    help="How long each run is measured, after its first two seconds.",
)
@click.option(
    "--runs",
    type=Number(min=1, whole=True),
    default=1,
    show_default=True,
    metavar="N",
    help="Sessions that are measured one after the other; a comparison needs several.",
)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="A.json B.json",
    help="Measure nothing; say whether B is faster than A, and how sure that is.",
)
@written_file("--report", ".html", help="Write a page with plots, which needs nothing else.")
@written_file(
    "--trace", ".json", help="Write a trace of some steps for Perfetto, in a further run."
)
@click.option(
    "--roundtrip",
    is_flag=True,
    help="Measure a closed loop instead, from output to input: a cable, a microphone, or JACK.",
)
@click.option(
    "--device-only", is_flag=True, help="Of a loop only the devices, without a model and an engine."
)
@click.option(
    "--repeats",
    type=Number(2, 50, whole=True),
    default=8,
    show_default=True,
    metavar="N",
    help="Bursts that go round the loop, 2 to 50.",
)
@click.option(
    "--level",
    "level_db",
    type=Number(-60, -6),
    default=-18,
    show_default=True,
    metavar="DB",
    help="Of the bursts, RMS in dB of full scale.",
)
@milliseconds(
    "--search", default=1000.0, help="How late, beyond what is declared, to look for bursts."
)
@click.option(
    "--wait",
    type=Number(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="How long you may take to close the loop.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
@click.pass_context
def profile(
    ctx: click.Context,
    /,
    compare: tuple[Path, Path] | None,
    roundtrip: bool,
    source: str | None,
    destination: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure where every millisecond of a live session goes.

    Runs one without controllers and displays, and shows what each stage takes, from a sample's
    arrival to its turn; deadlines, jitter, fill levels, pauses and clocks; and the latency that is
    declared, would have been enough, and was measured.
    """
    given = given_options(ctx)
    of_session = {name: options.pop(name) for name in SESSION_ONLY}
    of_loop = {name: options.pop(name) for name in LOOP_ONLY}
    from rtsep.cli.run import check_target, settle_live

    check_target(options["target"], given)
    settle_live(options, given)
    if compare:
        with RichObserver():
            from rtsep.cli.measure.profile_compare import compare_profiles

        compare_profiles(*compare, as_json=as_json)
    elif roundtrip:
        _refuse(given, SESSION_ONLY, "does not go with --roundtrip; leave one of them out")
        with RichObserver():
            from rtsep.cli.measure.roundtrip import run_roundtrip

        options |= {"input": source or "mic", "output": destination or "speakers"}
        run_roundtrip(as_json=as_json, **of_loop, **options)
    else:
        _refuse(given, LOOP_ONLY, "needs --roundtrip")
        with RichObserver():
            from rtsep.cli.measure.profile_run import run_profile

        options |= {"source": source or "demo", "destination": destination}
        run_profile(as_json=as_json, **of_session, **options)


def _refuse(given: list[str], options: Mapping[str, str], why: str) -> None:
    for option in options.values():
        if option in given:
            raise click.UsageError(f"{option} {why}")
