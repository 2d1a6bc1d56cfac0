"""`rtsep tune`: measure which latency this machine holds, and show the table."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.common.options import model_options, precision_option
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.setup.tuning_line import TuningLine
from rtsep.engine.tuning_time import COMPILE_SECONDS, USUALLY
from rtsep.errors import CompileError, RtsepError
from rtsep.instant.settings import DELAY

if TYPE_CHECKING:
    from rtsep.config import StreamSpec
    from rtsep.engine.separator import Separator
    from rtsep.engine.tune import Trial
    from rtsep.setup.compiling import Compiler

_HEADING = "mode            hop step p50     p90   answer   latency"


@click.command(
    short_help="Find the smallest latency that this machine holds.",
    help=f"""Measure this machine for `--latency auto`, and remember the result.

    Takes {USUALLY}. Steps are compiled on the CPU, where there is a C++ compiler. Leave the machine
    alone meanwhile.
    """,
)
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
    with RichObserver("loading PyTorch") as observer:
        from rtsep.engine.tune import best
        from rtsep.measure.tuning import measure
        from rtsep.setup.compiling import Compiler
        from rtsep.setup.load import load
        from rtsep.setup.runtime import prepare_process, share_cores

        prepare_process()
        observer.phase(f"loading {model}")
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
    share_cores()
    compiler = Compiler(model=model, precision=separator.precision.name, cache=cache)
    with closing(TuningLine()) as line:
        line.say(f"{separator.name} on {separator.device}, {separator.precision.name}")
        line.show(lambda elapsed: "starting", log=False)
        compilations = _Compilations(separator, compiler, line)
        make = compilations.make if compiling and separator.device.type == "cpu" else None
        line.say(_HEADING)
        with _stopped("nothing is remembered", compilations):
            trials = measure(
                separator,
                cache=cache,
                tell=lambda trial: line.say(_row(trial)),
                compile=make,
                begin=line.begin,
            )
        line.say(_chosen(best(trials)))
        line.say(_instant(best(trials)))
        with _stopped("the result is remembered", compilations):
            compilations.make_reserves(best(trials).setting.spec(separator))
    if as_json:
        _print_json(trials, best(trials))


class _Compilations:
    """Compiles steps of one model, and tells what goes wrong."""

    def __init__(self, separator: Separator, compiler: Compiler, line: TuningLine) -> None:
        self._separator, self._compiler, self._line = separator, compiler, line
        self._seconds = COMPILE_SECONDS
        self.made = 0

    def make(self, spec: StreamSpec) -> bool:
        began = time.monotonic()
        try:
            self._compiler(spec)
        except CompileError as error:
            self._line.say(str(error))
            return False
        self._seconds = time.monotonic() - began
        self.made += 1
        return True

    def make_reserves(self, chosen: StreamSpec) -> None:
        """For a chosen stream that is compiled: what it goes over to when it is late again and
        again."""
        from rtsep.live_session.reserves import next_longer

        is_compiled = self._separator.is_compiled
        if not is_compiled(chosen):
            return
        reserves = [each for each in (chosen.cheapest, next_longer(chosen)) if each]
        missing = [each for each in dict.fromkeys(reserves) if not is_compiled(each)]
        for left, reserve in enumerate(missing, 1 - len(missing)):
            self._line.compiling(reserve, self._seconds, -left * self._seconds)
            self.make(reserve)


@contextmanager
def _stopped(kept: str, compilations: _Compilations) -> Iterator[None]:
    """Ctrl-C becomes an error that says what is kept."""
    try:
        yield
    except KeyboardInterrupt as error:
        made = compilations.made
        also = f" but {made} compiled step{'s' * (made > 1)}, for the next time" if made else ""
        raise RtsepError(f"interrupted; {kept}{also}") from error


def _row(trial: Trial) -> str:
    verdict = f"{1000 * trial.latency:6.0f} ms" if trial.holds else "  too slow"
    return (
        f"{trial.setting.mode:11s} {1000 * trial.setting.hop:4.0f} ms {trial.p50_ms:5.0f} ms "
        f"{trial.p90_ms:4.0f} ms {trial.answer_ms:5.0f} ms {verdict}  "
        f"({trial.steps} {'compiled ' if trial.compiled else ''}steps)"
    )


def _chosen(found: Trial) -> str:
    setting = found.setting
    return (
        f"--latency auto: {1000 * found.latency:.0f} ms and what devices add "
        f"(hop {1000 * setting.hop:.0f} + lookahead {1000 * setting.lookahead:.0f} + "
        f"compute {1000 * found.budget:.0f} ms), mode {setting.mode}"
    )


def _instant(found: Trial) -> str:
    return (
        f"--latency instant: {1000 * DELAY:.0f} ms and what devices add, from stems that are up to "
        f"{1000 * found.latency:.0f} ms old"
    )


def _print_json(trials: list[Trial], found: Trial) -> None:
    chosen = dataclasses.asdict(found.setting) | {"budget": found.budget}
    told = {"chosen": chosen, "trials": [dataclasses.asdict(trial) for trial in trials]}
    click.echo(json.dumps(told))
