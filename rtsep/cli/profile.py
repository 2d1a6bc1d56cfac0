"""`rtsep profile`: where every millisecond of a live session goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rtsep.cli.options import (
    Command,
    device_options,
    executor_option,
    given_options,
    model_options,
    precision_option,
    stream_options,
    target_option,
)

# What it needs beyond click is imported when it runs.


def _written_file(name: str, ending: str, help: str) -> Callable[[Command], Command]:
    return click.option(
        name,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar=f"FILE.{ending}",
        callback=_in_a_folder,
        help=help,
    )


def _in_a_folder(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Better to hear of a missing folder before the measurement than after it."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}", ctx, param)
    return path


@click.command()
@click.option(
    "--input",
    "source",
    metavar="mic|DEVICE|FILE|demo",
    default="demo",
    show_default=True,
    help="What is separated meanwhile; files over and over, at the pace of a device.",
)
@click.option(
    "--output",
    "destination",
    metavar="speakers|DEVICE|null",
    help="Where it is heard.  [default: speakers for a live input, null for a file]",
)
@model_options
@stream_options(mode="exact")
@target_option
@precision_option(None, "  [default: fp32; auto with --latency]")
@executor_option
@device_options
@click.option(
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    default=30.0,
    show_default=True,
    help="How long each run is measured, after its first two seconds.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Sessions that are measured one after the other; a comparison needs several.",
)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="A.json B.json",
    help="Measure nothing; say whether B is faster than A, and how sure that is.",
)
@_written_file("--report", "html", "Write a page with plots, which needs nothing else.")
@_written_file("--trace", "json", "Write a trace of some steps for Perfetto, in a further run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
@click.pass_context
def profile(
    ctx: click.Context, /, compare: tuple[Path, Path] | None, as_json: bool, **options: Any
) -> None:
    """Measure where every millisecond of a live session goes.

    Runs one without controllers and displays, and shows what each stage takes, from a sample's
    arrival to its turn; deadlines, jitter, fill levels, pauses and clocks; and the latency that is
    declared, would have been enough, and was measured.
    """
    if compare:
        from rtsep.cli.profile_compare import compare_profiles

        compare_profiles(*compare, as_json=as_json)
        return
    from rtsep.cli.profile_run import run_profile

    run_profile(given=given_options(ctx), as_json=as_json, **options)
