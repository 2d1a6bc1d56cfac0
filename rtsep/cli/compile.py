"""`rtsep compile`: compile the step of some settings, for streams that take it from then on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from rtsep.cli.options import model_options, precision_option, stream_options


@click.command(short_help="Compile steps, which makes them faster.")
@model_options
@precision_option("auto")
@stream_options
def compile(model: str, device: str, cache: Path | None, precision: str, **settings: Any) -> None:
    """Compile the step of some settings, once and for all.

    Takes minutes and a C++ compiler; a step then takes about two thirds of the time. Sessions
    with the same settings, model and precision on this machine find it by themselves.
    """
    from rtsep.cli.figures import say
    from rtsep.cli.progress import RichObserver
    from rtsep.session.load import load
    from rtsep.session.runtime import share_cores

    with RichObserver() as observer:
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
    share_cores()
    began = time.monotonic()
    say(f"compiling {separator.name} in {separator.precision.name}; this takes some minutes")
    spec = separator.spec(**settings)
    # The second one is for an engine that is late again and again.
    for each in dict.fromkeys((spec, spec.cheapest)):
        if not separator.is_compiled(each):
            path = separator.compile(each)
            say(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
    say(f"done in {time.monotonic() - began:.0f} s")
