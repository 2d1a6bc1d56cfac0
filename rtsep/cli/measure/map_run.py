"""What `rtsep map` does: measure what is missing in the table, then draw it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.figures import say
from rtsep.cli.common.progress import RichObserver, WorkProgress
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError, RtsepError
from rtsep.instant.settings import DELAYS
from rtsep.measure.grid import Axes, grid
from rtsep.measure.mapping import Job, all_jobs, measure, take_song
from rtsep.measure.songs import check_song
from rtsep.metrics import MEAN
from rtsep.report.map_chart import chart_of
from rtsep.report.map_plot import draw, require_matplotlib
from rtsep.report.map_table import INSTANT, MapTable, Measurement, Point, read_map
from rtsep.setup.load import load
from rtsep.setup.runtime import prepare_process

TABLE, PICTURES = ".csv", (".svg", ".png")


def run_map(
    songs: Sequence[Path],
    *,
    output: Path | None,
    model: str,
    device: str,
    cache: Path | None,
    precision: str,
    start: float | None,
    seconds: float | None,
    no_plot: bool,
    paths: Sequence[str],
    **axes: Any,
) -> None:
    """Measure and draw. `axes` are as on the command line, in its units."""
    csv, pictures = places(output or Path("map"))
    if not no_plot:
        require_matplotlib()
    check_songs(songs)
    prepare_process()
    with RichObserver(f"loading {model}") as observer:
        separator = load(model, device, precision=precision, cache=cache, observer=observer)
        specs, misfits = grid(separator, _axes(**axes)) if "full" in paths else ([], 0)
        delays = sorted(DELAYS, reverse=True) if "instant" in paths else []
        observer.phase("reading the songs")
        takes = [take_song(separator, folder, start, seconds) for folder in songs]
    jobs, table = all_jobs(separator, takes, specs, delays), MapTable(csv)
    todo = [job for job in jobs if job.point not in table.measured]
    say(
        f"{len(specs) + len(delays)} settings and offline on "
        f"{', '.join(take.name for take in takes)}: {len(jobs)} points"
        + (f"; {misfits} combinations do not fit and are left out" if misfits else "")
        + (f"; {len(jobs) - len(todo)} are in {csv} already" if len(todo) < len(jobs) else "")
    )
    _measure(separator, todo, table)
    click.echo(csv)
    if not no_plot:
        kinds = {_kind(job.point) for job in jobs}
        _draw([m for m in table.measured.values() if _kind(m.point) in kinds], pictures)


def draw_table(
    csv: Path, output: Path | None, model: str | None = None, precision: str | None = None
) -> None:
    """Draw what was measured with `model` and `precision`, if they are given."""
    require_matplotlib()
    measured = [
        m
        for m in read_map(csv)
        if model in (None, m.point.model) and precision in (None, m.point.precision)
    ]
    _draw(measured, places(output or csv)[1])


def places(output: Path) -> tuple[Path, list[Path]]:
    """The table and the pictures. Raises ConfigError for a kind of file that is neither."""
    prefix = output / "map" if output.is_dir() else output
    if prefix.suffix in PICTURES:
        return prefix.with_suffix(TABLE), [prefix]
    if prefix.suffix == TABLE:
        prefix = prefix.with_suffix("")
    elif prefix.suffix:
        raise ConfigError(
            f"a map is written to {TABLE}, {' and '.join(PICTURES)} files, not to "
            f"{prefix.suffix} like {output}"
        )
    return prefix.with_suffix(TABLE), [prefix.with_suffix(kind) for kind in PICTURES]


def check_songs(songs: Sequence[Path]) -> None:
    """Raises UsageError unless all are songs, each with a name of its own."""
    named: dict[str, Path] = {}
    for folder in songs:
        check_song(folder)
        first = named.setdefault(folder.resolve().name, folder)
        if first is not folder:
            raise ConfigError(
                f"{first} and {folder} are both called {first.name}; rename one, so that the table "
                "can tell them apart"
            )


def _kind(point: Point) -> tuple[object, ...]:
    """What the points of one picture share, song by song."""
    return point.model, point.precision, *point.excerpt


def _axes(
    windows: tuple[float, ...],
    hops: tuple[float, ...],
    lookaheads: tuple[float, ...],
    mode: str | None,
) -> Axes:
    """From s, ms, ms."""
    return Axes(
        windows=windows,
        hops=tuple(ms / 1000 for ms in hops),
        lookaheads=tuple(ms / 1000 for ms in lookaheads),
        **({} if mode is None else {"modes": (mode,)}),
    )


def _measure(separator: Separator, todo: Sequence[Job], table: MapTable) -> None:
    """Raises RtsepError when it is interrupted."""
    with WorkProgress(sum(job.cost for job in todo)) as progress:
        try:
            for number, job in enumerate(todo, 1):
                progress.begin(f"point {number} of {len(todo)}")
                measurement = measure(separator, job, progress.advance)
                table.add(measurement)
                progress.say(_row(measurement))
        except KeyboardInterrupt as error:
            missing = sum(job.point not in table.measured for job in todo)
            raise RtsepError(
                f"stopped; {missing} points are missing in {table.path}; the same command goes on "
                "from there"
            ) from error


def _named(point: Point) -> str:
    if point.mode == INSTANT:
        return f"{point.song}  {point.mode:11s}  {point.latency_ms:.0f} ms after the sound"
    if point.latency_ms is None:
        return f"{point.song}  {point.mode}"
    return (
        f"{point.song}  {point.mode:11s}  window {point.window_s:.1f} s  hop {point.hop_ms:3.0f} "
        f"+ lookahead {point.lookahead_ms:3.0f} = {point.latency_ms:3.0f} ms"
    )


def _row(measurement: Measurement) -> str:
    step = measurement.step_p50_ms
    return f"{_named(measurement.point)}: {measurement.sdr[MEAN]:.2f} dB" + (
        "" if step is None else f", step {step:.0f} ms"
    )


def _draw(measurements: Sequence[Measurement], pictures: Sequence[Path]) -> None:
    chart = chart_of(measurements)
    if chart.incomplete:
        say(f"{chart.incomplete} settings were not measured on every excerpt and are not drawn")
    with RichObserver("drawing", log=False):
        draw(chart, pictures)
    for path in pictures:
        click.echo(path)
