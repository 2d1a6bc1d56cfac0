"""`rtsep tune`: measure which latency this machine holds, and show the table."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.options import model_options, precision_option

if TYPE_CHECKING:
    from rtsep.engine.tune import Trial


@click.command()
@model_options
@precision_option("auto")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def tune(model: str, device: str, cache: Path | None, precision: str, as_json: bool) -> None:
    """Measure this machine for `--latency auto`, and remember the result.

    Takes a minute; leave the machine alone meanwhile.
    """
    from rtsep.session.openmp import share_processors

    share_processors()
    from rtsep.cli.figures import say
    from rtsep.cli.progress import RichObserver
    from rtsep.engine.tune import best
    from rtsep.session.load import load
    from rtsep.session.runtime import prepare_process
    from rtsep.session.tuned import measure

    prepare_process()
    with RichObserver() as observer:
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
    say(f"{separator.name} on {separator.device}, {separator.precision}")
    say("mode           hop   step p50   slowest   of the hop")
    trials = measure(separator, cache=cache, tell=lambda trial: say(_row(trial)))
    chosen = best(trials)
    say(
        f"--latency auto: {1000 * chosen.latency:.0f} ms, mode {chosen.mode}, "
        f"hop {1000 * chosen.hop:.0f} ms, lookahead {1000 * chosen.lookahead:.0f} ms"
    )
    if as_json:
        click.echo(
            json.dumps(
                {
                    "chosen": dataclasses.asdict(chosen),
                    "trials": [dataclasses.asdict(trial) for trial in trials],
                }
            )
        )


def _row(trial: Trial) -> str:
    hop = 1000 * trial.setting.hop
    verdict = "holds" if trial.holds else "too slow"
    return (
        f"{trial.setting.mode:11s} {hop:4.0f} ms {trial.p50_ms:7.0f} ms {trial.p999_ms:6.0f} ms "
        f"{100 * trial.p999_ms / hop:8.0f} %   {verdict} ({trial.steps} steps)"
    )
