"""`rtsep tune`: measure which latency this machine holds, and show the table."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.options import model_options, precision_option

if TYPE_CHECKING:
    from rtsep.config import StreamSpec
    from rtsep.engine.tune import Trial


@click.command(short_help="Find the smallest latency that this machine holds.")
@model_options
@precision_option("auto")
@click.option(
    "--compile/--no-compile",
    "compiling",
    default=True,
    help="Try shorter hops with compiled steps, some minutes each, where that works.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def tune(
    model: str, device: str, cache: Path | None, precision: str, compiling: bool, as_json: bool
) -> None:
    """Measure this machine for `--latency auto`, and remember the result.

    Takes some minutes, and some more for every step that is compiled (on the CPU, with a C++
    compiler).
    Leave the machine alone meanwhile.
    """
    from rtsep.cli.figures import say
    from rtsep.cli.progress import RichObserver
    from rtsep.engine.tune import best
    from rtsep.errors import CompileError
    from rtsep.session.compiling import Compiler
    from rtsep.session.load import load
    from rtsep.session.reserves import next_longer
    from rtsep.session.runtime import prepare_process, share_cores
    from rtsep.session.tuned import measure

    prepare_process()
    with RichObserver() as observer:
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
    share_cores()
    say(f"{separator.name} on {separator.device}, {separator.precision.name}")
    compiler = Compiler(model=model, precision=separator.precision.name, cache=cache)

    def compiled(spec: StreamSpec) -> bool:
        if separator.is_compiled(spec):
            return True
        say(f"compiling a step for {1000 * spec.hop / spec.sample_rate:.0f} ms, some minutes")
        try:
            compiler(spec)
        except CompileError as error:
            say(str(error))
            return False
        return True

    say("mode           hop   step p50      p90   answer   latency")
    trials = measure(
        separator,
        cache=cache,
        tell=lambda trial: say(_row(trial)),
        compile=compiled if compiling and separator.device.type == "cpu" else None,
    )
    found = best(trials)
    chosen = found.setting
    say(
        f"--latency auto: {1000 * found.latency:.0f} ms and what devices add "
        f"(hop {1000 * chosen.hop:.0f} + lookahead {1000 * chosen.lookahead:.0f} + "
        f"compute {1000 * found.budget:.0f} ms), mode {chosen.mode}"
    )
    spec = chosen.spec(separator)
    if separator.is_compiled(spec):  # for when it is late again and again
        for reserve in (spec.cheapest, next_longer(spec)):
            if reserve:
                compiled(reserve)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "chosen": dataclasses.asdict(chosen) | {"budget": found.budget},
                    "trials": [dataclasses.asdict(trial) for trial in trials],
                }
            )
        )


def _row(trial: Trial) -> str:
    verdict = f"{1000 * trial.latency:6.0f} ms" if trial.holds else "  too slow"
    return (
        f"{trial.setting.mode:11s} {1000 * trial.setting.hop:4.0f} ms {trial.p50_ms:7.0f} ms "
        f"{trial.p90_ms:5.0f} ms {trial.answer_ms:5.0f} ms {verdict}   "
        f"({trial.steps} {'compiled ' if trial.compiled else ''}steps)"
    )
