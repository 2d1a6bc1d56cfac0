"""Options that several commands share, and how their values are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

ENCODINGS = {"wav": "float", "wav24": "pcm24", "wav16": "pcm16", "flac": "flac"}

_MODEL_OPTIONS = (
    click.option(
        "--model",
        default="htdemucs",
        show_default=True,
        metavar="NAME|PATH",
        help="A model (see `rtsep models`) or a file with weights.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="auto|cpu|cuda|mps",
        help="Where the network runs.",
    ),
    click.option(
        "--cache",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="RTSEP_CACHE",
        help="Folder where models are kept.",
    ),
)


def model_options(command: Command) -> Command:
    """--model, --device, --cache"""
    for option in reversed(_MODEL_OPTIONS):
        command = option(command)
    return command


def format_option(command: Command) -> Command:
    """--format, as `encoding`"""
    return click.option(
        "--format",
        "encoding",
        type=click.Choice(list(ENCODINGS)),
        default="wav",
        show_default=True,
        callback=lambda ctx, param, value: ENCODINGS[value],
        help="Of the files with stems: wav is 32-bit float, flac is 24 bits.",
    )(command)


def parse_gains(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    """("vocals=-6", "drums=-inf") as numbers by stem."""
    gains = {}
    for value in values:
        stem, _, db = value.partition("=")
        try:
            gains[stem.strip()] = float(db)
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is not like vocals=-6 (a stem, =, decibels)", ctx, param
            ) from error
    return gains
