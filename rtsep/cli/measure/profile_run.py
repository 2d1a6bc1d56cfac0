"""The measuring of `rtsep profile`, and what it shows and writes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from rtsep.audio.choose import NoSuchDevice
from rtsep.cli.common.figures import say
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.signals import stop_on_signals
from rtsep.cli.live.run import other_reading
from rtsep.cli.measure.profile_files import as_dict
from rtsep.files.places import Kind, input_place, output_place
from rtsep.live_session.request import live_spec
from rtsep.measure.profiling import ProfileSpec, profile_once, write_trace
from rtsep.report.profile.page import check_page_tools, write_page
from rtsep.report.profile.run import Run
from rtsep.report.profile.table import profile_table
from rtsep.report.profile.trace import add_timeline

_SWITCH_SECONDS = 0.0005  # as in a live session


def run_profile(
    *,
    source: str,
    destination: str | None,
    duration: float,
    runs: int,
    report: Path | None,
    trace: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure, and tell in all the ways that are asked for."""
    if report:
        with RichObserver():
            check_page_tools()
    spec = ProfileSpec(live=_live_spec(source, destination, options), seconds=duration, runs=runs)
    sys.setswitchinterval(_SWITCH_SECONDS)
    measured, stopped = _measure(spec)
    profile = as_dict(measured)
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    console.print(profile_table(profile["settings"], profile["runs"][-1]))
    for event in measured[-1].status.events:
        console.print(event, markup=False)
    if report:
        with RichObserver("drawing the page", log=False):
            write_page(report, measured[-1], profile)
        say(f"written: {report}")
    if trace and not stopped:
        _trace(spec, trace)
    if as_json:
        click.echo(json.dumps(profile))


def _live_spec(source: str, destination: str | None, options: dict[str, Any]) -> Any:
    """A session without controllers, displays and recordings."""
    where_from = input_place(source)
    live_input = where_from.kind is Kind.DEVICE
    where_to = output_place(destination or ("speakers" if live_input else "null"), live=live_input)
    if where_to.kind in (Kind.FILE, Kind.FOLDER):
        raise click.UsageError(
            f"a profile records nothing, and --output {destination} is a file or folder; "
            "give a device, or null"
        )
    return live_spec(
        where_from,
        where_to,
        policy=None,
        encoding="float",
        record=None,
        no_limiter=False,
        loop=True,
        adapts=False,  # a profile is one of one setting
        gains_db={},
        mute=(),
        solo=(),
        eq_db={},
        filters={},
        **options,
    )


def _measure(spec: ProfileSpec) -> tuple[list[Run], bool]:
    """All runs, or those before a signal, and whether one came."""
    measured: list[Run] = []
    try:
        for number in range(1, spec.runs + 1):
            with RichObserver() as observer:
                if spec.runs > 1:
                    observer.notice(f"run {number} of {spec.runs}")
                run, stopped = _once(spec, observer)
            measured.append(run)
            if stopped:
                return measured, True
            # What the first run has chosen, all others take, so that they are alike.
            chosen = spec.live.engine.settled(run.spec, run.budget)
            spec = replace(spec, live=replace(spec.live, engine=chosen))
    except KeyboardInterrupt:  # before a run could begin
        if not measured:
            raise
        return measured, True
    return measured, False


def _once(spec: ProfileSpec, observer: RichObserver) -> tuple[Run, bool]:
    try:
        return profile_once(spec, observer, heeding=stop_on_signals)
    except NoSuchDevice as error:
        told = f"{error}{other_reading(error, spec.live.audio)}"
        raise NoSuchDevice(told, error.wanted) from error


def _trace(spec: ProfileSpec, path: Path) -> None:
    with RichObserver() as observer:
        run, clock = write_trace(spec, observer, path)
    events = add_timeline(path, run, clock)
    say(f"written: {path}, {events} events; open it in ui.perfetto.dev or chrome://tracing")
