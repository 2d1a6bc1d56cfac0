"""How `rtsep separate` goes through a library, and what it tells on the way."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from rtsep.audio.routes import parse_channels
from rtsep.cli.common.figures import say
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.signals import undisturbed
from rtsep.cli.files.progress import file_progress
from rtsep.cli.files.report import LibraryBar, Report
from rtsep.errors import RtsepError, UsageError
from rtsep.files.sources import check_input
from rtsep.library.kinds import UNREADABLE, UNSUITABLE, UNWRITABLE
from rtsep.library.result import THERE, LibraryResult
from rtsep.library.run import LibraryRun
from rtsep.library.settings import Making, ModelSpec, Running, gains_of


def run(
    paths: tuple[Path, ...],
    output: Path,
    *,
    model: str,
    device: str,
    precision: str,
    cache: Path | None,
    named: tuple[str, ...] | None,
    complete: bool | None,
    as_json: bool,
    jobs: int | None,
    **options: Any,
) -> None:
    """`options` are those of what is made of a file, and of how they are shared out."""
    alone = len(paths) == 1 and not paths[0].is_dir()
    shared = {name: options.pop(name) for name in ("shard", "ray", "time_limit", "force")}
    processes = (0 if alone or shared["ray"] is not None else 1) if jobs is None else jobs
    making = _making(**options)
    if alone:
        check_input(str(paths[0]), making.channels)
    spec = ModelSpec(
        model=model,
        device=device,
        precision=precision,
        cache=cache,
        named=named,
        complete=complete,
    )
    running = Running(jobs=processes, **shared)
    library = LibraryRun(paths, output, model=spec, making=making, running=running)
    try:
        with RichObserver("loading PyTorch") as observer:
            if not processes and running.ray is None:
                from rtsep.setup.runtime import prepare_process

                prepare_process()
            library.start(observer)
        (_tell_alone if alone else _tell_all)(library, as_json)
    finally:
        with undisturbed():
            library.close()


def _making(
    *,
    stems: tuple[str, ...],
    mute: tuple[str, ...],
    gains_db: dict[str, float],
    start: float | None,
    input_channels: str | None,
    **options: Any,
) -> Making:
    channels = parse_channels(input_channels) if input_channels else ()
    gains = gains_of(gains_db, mute)
    return Making(
        stems=stems or None, gains=gains, start=start or 0.0, channels=channels, **options
    )


def _tell_alone(library: LibraryRun, as_json: bool) -> None:
    """As somebody wants to hear of one file. Its error is that of the command."""
    path = library.tree.items[0].path
    report = Report(library)
    with file_progress(path.name, library.ready.sample_rate) as progress:
        library.progress = lambda _, done, total: progress(done, total)
        results = list(library.results())
    for result in results:
        report.add(result)
        if not result.ok:
            bad_input = result.kind in (UNREADABLE, UNSUITABLE, UNWRITABLE)
            raise (UsageError if bad_input else RtsepError)(result.message)
        if result.status == THERE:
            say(f"{path.name}: there already; --force makes it again")
        for note in result.notes:
            say(f"note: {path.name}: {note}")
        _print_files(result)
    if as_json:
        click.echo(json.dumps(report.as_dict()))


def _tell_all(library: LibraryRun, as_json: bool) -> None:
    """Raises RtsepError if any file has failed."""
    report = Report(library)
    stdout = sys.stdout  # in place of which a bar puts its own
    try:
        with LibraryBar(library) as bar:
            library.progress = bar.far
            for result in library.results():
                report.add(result)
                bar.ended(result)
                if not stdout.isatty():
                    _print_files(result, stdout)
    finally:
        report.show()
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    report.check()


def _print_files(result: LibraryResult, stdout: TextIO | None = None) -> None:
    for file in result.files:
        click.echo(file, file=stdout)
