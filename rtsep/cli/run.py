"""`rtsep --input ...`: which kind of session the words ask for."""

from __future__ import annotations

from typing import Any

import click

from rtsep.cli.options import LIVE_ONLY
from rtsep.cli.progress import RichObserver
from rtsep.session.places import Kind, input_place, output_place

CHOSEN = ("--window", "--hop", "--lookahead", "--mode", "--refresh")  # by --latency


def run(
    source: str, *, destination: str | None, pace: str, given: list[str], **options: Any
) -> None:
    """A live session where a device is involved or real time is asked for, else a file session.

    `given` are the options that stand on the command line.
    """
    check_target(options["target"], given)
    options["precision"] = settled_precision(options["precision"], options["target"])
    where_from = input_place(source)
    live_input = where_from.kind is Kind.DEVICE
    if destination is None:
        destination = "speakers" if live_input else "null"
    where_to = output_place(destination, live=live_input)
    live = {name: options.pop(name) for name in LIVE_ONLY}
    if live_input or where_to.kind is Kind.DEVICE or pace == "realtime":
        with RichObserver():
            from rtsep.cli.live_run import run_live

        run_live(where_from, where_to, **live, **options)
        return
    flags = [flag for flag in given if flag in LIVE_ONLY.values()]
    if flags:
        raise click.UsageError(
            f"{flags[0]} needs a live session; give a device, or --pace realtime"
        )
    with RichObserver("loading PyTorch"):
        from rtsep.cli.file_run import run_file

    run_file(where_from, destination=destination, **options)


def settled_precision(precision: str | None, target: float | None) -> str:
    """What is asked for, or fp32; where the machine chooses, it also chooses that."""
    return precision or ("fp32" if target is None else "auto")


def check_target(target: float | None, given: list[str]) -> None:
    """--latency chooses what else could be said."""
    chosen = [flag for flag in given if flag in CHOSEN]
    if target is not None and chosen:
        raise click.UsageError(f"{chosen[0]} does not go with --latency; leave one of them out")
