"""`rtsep separate`: whole files, offline, with the best quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.options import (
    format_option,
    input_channels_option,
    model_options,
    naming_options,
)
from rtsep.cli.common.values import Number


@click.command(short_help="Separate whole files, offline, with the best quality.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Gets a folder per file, named like it.",
)
@model_options
@naming_options
@click.option("--stem", "stems", metavar="STEM", multiple=True, help="Only such stems.")
@click.option(
    "--overlap",
    type=Number(0, 1, max_open=True),
    default=0.25,
    show_default=True,
    metavar="SHARE",
    help="Of neighbouring segments, 0 to less than 1.",
)
@input_channels_option
@format_option
def separate(
    files: tuple[Path, ...],
    output: Path,
    model: str,
    device: str,
    cache: Path | None,
    input_channels: str | None,
    named: tuple[str, ...] | None,
    complete: bool | None,
    **options: Any,
) -> None:
    """Separate FILES as well as the model can, without regard to latency."""
    from rtsep.audio.routes import parse_channels
    from rtsep.cli.common.progress import RichObserver
    from rtsep.cli.files.progress import file_progress

    with RichObserver("loading PyTorch"):
        from rtsep.files.offline import folders_for, separate_file
        from rtsep.files.sources import check_input
        from rtsep.setup.load import load
        from rtsep.setup.runtime import prepare_process

    channels = parse_channels(input_channels) if input_channels else ()
    folders = folders_for(files, output)
    for path in files:
        check_input(str(path), channels)
    prepare_process()
    with RichObserver(f"loading {model}") as observer:
        separator = load(
            model, device, cache=cache, observer=observer, stems=named, complete=complete
        )
    for path, folder in zip(files, folders, strict=True):
        with file_progress(path.name, separator.sample_rate) as progress:
            written, notes = separate_file(
                separator,
                path,
                folder,
                inputs=files,
                channels=channels,
                progress=progress,
                **options,
            )
        for note in notes:
            click.echo(f"note: {path.name}: {note}", err=True)
        for file in written:
            click.echo(file)
