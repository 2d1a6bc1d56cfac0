"""`rtsep separate`: files and folders of files, offline, with the best quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.options import (
    ENCODINGS,
    format_option,
    input_channels_option,
    model_options,
    naming_options,
    precision_option,
)
from rtsep.cli.common.parsing import parse_gains, parse_shard, parse_time
from rtsep.cli.common.values import Number
from rtsep.cli.help import Sectioned
from rtsep.cli.settings.command import Saved, use_option

COMPRESSED = ("mp3", "m4a", "alac", "opus", "stem", "stem-alac")

SECTIONS = {
    "What": (
        "output",
        "stems",
        "two_stems",
        "mute",
        "gains_db",
        "start",
        "stop",
        "encoding",
        "bitrate",
    ),
    "How": ("overlap", "batch", "input_channels", "used"),
    "A library": ("jobs", "shard", "ray", "time_limit", "force", "as_json"),
    "Model": ("model", "named", "complete", "device", "precision", "cache"),
}


class Separate(Saved, Sectioned):
    """Its options may be saved."""


@click.command(
    cls=Separate,
    sections=SECTIONS,
    short_help="Separate files and whole libraries, offline, with the best quality.",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
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
@precision_option("auto")
@click.option("--stem", "stems", metavar="STEM", multiple=True, help="Only such stems.")
@click.option("--two-stems", metavar="STEM", help="This stem, and all others together.")
@click.option("--mute", metavar="STEM", multiple=True, help="One mix, without such stems.")
@click.option(
    "--gain",
    "gains_db",
    metavar="STEM=DB",
    multiple=True,
    callback=parse_gains,
    help="One mix, with this stem louder or softer.",
)
@click.option("--from", "start", metavar="TIME", callback=parse_time, help="From 90 or 1:30 on.")
@click.option("--to", "stop", metavar="TIME", callback=parse_time, help="Up to there.")
@click.option(
    "--overlap",
    type=Number(0, 1, max_open=True),
    default=0.25,
    show_default=True,
    metavar="SHARE",
    help="Of neighbouring segments, 0 to less than 1.",
)
@click.option(
    "--batch",
    type=Number(0, 256, whole=True),
    default=0,
    metavar="N",
    help="Segments in one forward.  [default: at most 8 on a graphics card, else 1]",
)
@click.option(
    "--jobs",
    type=Number(0, 256, whole=True),
    metavar="N",
    help="Processes that share the work; 0 is this one alone.  [default: 1; 0 for one file]",
)
@click.option(
    "--shard", metavar="I/N", callback=parse_shard, help="Only the I-th of N parts of the work."
)
@click.option(
    "--time-limit", type=Number(min=0, min_open=True), metavar="S", help="Seconds for a file."
)
@click.option(
    "--ray", metavar="auto|ADDRESS", help="A Ray cluster does the work; see docs/library.md."
)
@click.option("--force", is_flag=True, help="Make again what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
@input_channels_option
@use_option
@format_option(
    {**ENCODINGS, **{name: name for name in COMPRESSED}},
    help="wav is 32-bit float, flac and alac are 24 bits; stem is one .stem.mp4 for decks, of AAC.",
)
@click.option(
    "--bitrate",
    type=Number(1, 512, whole=True),
    metavar="KB/S",
    help="Of mp3, m4a, opus, stem.  [default: 320, 256, 192, 256]",
)
def separate(**options: Any) -> None:
    """Separate PATHS, files and folders of files, as well as the model can.

    \b
    rtsep separate song.flac -o stems     stems/song/drums.wav, bass, ...
    rtsep separate ~/Music -o stems       a library; again: what is missing
    rtsep separate song.flac -o karaoke --mute vocals

    No file ends the run: FOLDER/rtsep-log.jsonl has a line for each. Ends with 1 if any failed.
    """
    from rtsep.cli.common.progress import RichObserver

    with RichObserver():
        from rtsep.cli.files.library import run

    run(**options)
