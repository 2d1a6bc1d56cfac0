"""`rtsep compile`: compile the step of some settings, for streams that take it from then on."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.options import model_options, precision_option, stream_options
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.setup.tuning_line import TuningLine
from rtsep.engine.tuning_time import COMPILE_SECONDS
from rtsep.errors import ConfigError


@click.command(short_help="Compile steps, which makes them faster.")
@model_options
@precision_option("auto")
@stream_options
def compile(model: str, device: str, cache: Path | None, precision: str, **settings: Any) -> None:
    """Compile the step of some settings, once and for all.

    Takes minutes and a C++ compiler; a step then takes about two thirds of the time. Sessions
    with the same settings, model and precision on this machine find it by themselves.
    """
    with RichObserver("loading PyTorch") as observer:
        from rtsep.setup.compiling import Compiler
        from rtsep.setup.load import load
        from rtsep.setup.runtime import share_cores

        observer.phase(f"loading {model}")
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
    share_cores()
    compiler = Compiler(model=model, precision=separator.precision.name, cache=cache)
    if separator.device.type != "cpu":
        raise ConfigError(f"steps are compiled for the CPU, and the device is {separator.device}")
    began, seconds = time.monotonic(), COMPILE_SECONDS
    spec = separator.spec(**settings)
    # The second one is for an engine that is late again and again.
    missing = [
        each for each in dict.fromkeys((spec, spec.cheapest)) if not separator.is_compiled(each)
    ]
    with closing(TuningLine()) as line:
        line.say(f"compiling {separator.name} in {separator.precision.name}")
        for left, each in enumerate(missing, 1 - len(missing)):
            line.compiling(each, seconds, -left * seconds)
            started = time.monotonic()
            path = compiler(each)
            seconds = time.monotonic() - started
            line.say(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
        line.say(f"done in {time.monotonic() - began:.0f} s")
