"""`rtsep map`: which latency costs how much quality, as a table and a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from rtsep.cli.common.options import Command, model_options, precision_option
from rtsep.cli.common.parsing import parse_list
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.values import Number
from rtsep.config import MODES, PATHS

OF_FULL_PATH = ("windows", "hops", "lookaheads", "mode")


def _axis(name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    """An option with any number of numbers, as `{name}s`."""
    return click.option(
        f"--{name}", f"{name}s", multiple=True, callback=parse_list, metavar=metavar, help=text
    )


@click.command("map", short_help="Measure quality over latency, as a table and a picture.")
@click.argument("songs", nargs=-1, type=click.Path(path_type=Path), metavar="SONG...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PREFIX|FOLDER",
    help="Of the table .csv and the pictures .svg and .png, or the name of one picture, or of the "
    "table.  [default: map]",
)
@click.option(
    "--from",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="CSV",
    help="Measure nothing, draw such a table.",
)
@model_options
@precision_option("fp32")
@_axis("window", "S,...", "Seconds the network sees at once.")
@_axis("hop", "MS,...", "New audio per step.")
@_axis("lookahead", "MS,...", "Audio right of what is emitted.")
@click.option("--mode", type=click.Choice(MODES), help="Only this one.  [default: both]")
@click.option(
    "--path",
    type=click.Choice(PATHS),
    help="Only this one.  [default: both; the full one, where its settings are chosen]",
)
@click.option(
    "--start",
    type=Number(min=0),
    metavar="S",
    help="Where in the songs the scored excerpt begins.  [default: it is their middle]",
)
@click.option(
    "--seconds",
    type=Number(min=0, min_open=True),
    metavar="S",
    help="Length of the excerpt.  [default: 10, or the song]",
)
@click.option("--no-plot", is_flag=True, help="Only the table; needs no matplotlib.")
@click.pass_context
def map_command(
    ctx: click.Context, /, songs: tuple[Path, ...], table: Path | None, **options: Any
) -> None:
    """Measure the SDR of streaming over its latency, beside offline separation.

    A SONG is a folder with mixture.wav and a file per stem, such as drums.wav and vocals.wav;
    rest.wav is compared with the sum of all stems that have no file. Or it is a stem file of a
    deck, SONG.stem.mp4.

    Unless told otherwise, the map is a star: a window of 2 s with a lookahead of 46 ms at hops of
    23, 46, 93, 186 and 372 ms, and at the last three also windows of 1, 4 and 7.8 s and lookaheads
    of 0 and 186 ms. With --window, --hop or --lookahead it is all combinations of what they list
    (numbers with commas between them); of the others, 2 s, all five hops and 46 ms are taken.
    Beside it are the two points of the instant path, 12 and 23 ms after the sound.

    The cheapest settings come first. After Ctrl-C the same command goes on, and another one adds
    to the same table.
    """
    if table is not None:
        given = _given(ctx)
        for parameter in ctx.command.params:
            if parameter.name in given - {"table", "output", "model", "precision"}:
                hint = parameter.get_error_hint(ctx)
                raise click.UsageError(f"--from measures nothing, so {hint} does not go with it")
        with RichObserver():
            from rtsep.cli.measure.map_run import draw_table

        chosen = {name: options[name] for name in given & {"model", "precision"}}
        draw_table(table, options["output"], **chosen)
        return
    if not songs:
        raise click.UsageError("give folders with songs to measure, or a table with --from")
    paths = _paths(options.pop("path"), options)
    with RichObserver("loading PyTorch"):
        from rtsep.cli.measure.map_run import run_map

    run_map(songs, paths=paths, **options)


def _paths(path: str | None, options: dict[str, Any]) -> tuple[str, ...]:
    """Those that are measured."""
    of_full = [name.removesuffix("s") for name in OF_FULL_PATH if options[name]]
    if path == "instant" and of_full:
        raise click.UsageError(f"--{of_full[0]} is of the full path; leave it or --path out")
    if path is None and not of_full:
        return PATHS
    return (path or "full",)


def _given(ctx: click.Context) -> set[str]:
    """Names of what stands on the command line."""
    return {
        name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
