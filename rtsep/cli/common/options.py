"""Options that several commands share, and how their values are written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from rtsep.cli.common.values import Number, Renamed
from rtsep.config import DEFAULTS, EXECUTORS, MODES, PRECISIONS

Command = TypeVar("Command", bound=Callable[..., Any])

ENCODINGS = {"wav": "float", "wav24": "pcm24", "wav16": "pcm16", "flac": "flac"}


def milliseconds(
    name: str, *, help: str, default: float | None = None
) -> Callable[[Command], Command]:
    """A time in ms on the command line, in seconds behind it."""
    return click.option(
        name,
        type=Number(min=0),
        metavar="MS",
        default=default and round(default),
        show_default=default is not None,
        callback=lambda ctx, param, value: None if value is None else value / 1000,
        help=help,
    )


def given_options(ctx: click.Context) -> list[str]:
    """The options that stand on the command line."""
    return [
        parameter.opts[0]
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]


cache_option = click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="RTSEP_CACHE",
    help="Folder where models are kept.",
)
config_option = click.option(
    "--config",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="RTSEP_CONFIG",
    help="Folder with your MIDI maps.",
)

_MODEL_OPTIONS = (
    click.option(
        "--model",
        default="htdemucs",
        show_default=True,
        metavar="NAME|PATH",
        help="A model (see `rtsep models`) or a file with weights.",
    ),
    click.option(
        "--compute",
        "device",
        cls=Renamed,
        old="--device",
        default="auto",
        show_default=True,
        metavar="auto|cpu|cuda|mps",
        callback=lambda ctx, param, value: parse_compute(ctx, param, value),
        help="Where the network computes: processor or graphics card.",
    ),
    cache_option,
)


def parse_stems(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """ "kick,snare" as names."""
    if value is None:
        return None
    stems = tuple(stem.strip() for stem in value.split(","))
    if not all(stems):
        raise click.BadParameter(f"{value!r} is not like kick,snare,toms", ctx, param)
    return stems


_NAMING_OPTIONS = (
    click.option(
        "--stems",
        "named",
        metavar="NAME,NAME",
        callback=parse_stems,
        help="What the model's stems are called, in its order, if its file does not say.",
    ),
    click.option(
        "--complete/--incomplete",
        default=None,
        help="Whether the model's stems make up the whole mixture; if not, what they leave is a "
        "stem, rest.  [default: by its file, else only drums, bass, other, vocals (guitar, piano) "
        "do]",
    ),
)


def naming_options(command: Command) -> Command:
    """--stems as `named`, --complete: what somebody knows of a model that its file does not say."""
    return _add(_NAMING_OPTIONS, command)


def precision_option(default: str | None, told: str = "") -> Callable[[Command], Command]:
    """--precision. `told` is the default in words, where it is not one value."""
    return click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default=default,
        show_default=default is not None,
        help=f"Of the network's products; auto takes the faster one.{told}",
    )


def executor_option(command: Command) -> Command:
    """--executor"""
    return click.option(
        "--executor",
        type=click.Choice(EXECUTORS),
        envvar="RTSEP_EXECUTOR",
        default="auto",
        show_default=True,
        help="Run steps call by call, compiled (see `rtsep compile`), or from a CUDA graph; auto "
        "takes the fastest that is there.",
    )(command)


def target_option(command: Command) -> Command:
    """--latency, as `target` in seconds, 0 for auto"""
    return click.option(
        "--latency",
        "target",
        metavar="auto|MS",
        callback=parse_target,
        help="Choose mode, hop and lookahead for this machine: the smallest it holds, or this "
        "one.  [default: auto, live]",
    )(command)


def model_options(command: Command) -> Command:
    """--model, --compute, --cache"""
    return _add(_MODEL_OPTIONS, command)


_STREAM_OPTIONS = (
    click.option(
        "--window",
        metavar="S",
        type=Number(min=0),
        default=round(DEFAULTS.window),
        show_default=True,
        help="Seconds that the network sees at once: mostly a matter of cost.",
    ),
    milliseconds("--hop", default=1000 * DEFAULTS.hop, help="New audio per step: pure latency."),
    milliseconds(
        "--lookahead",
        default=1000 * DEFAULTS.lookahead,
        help="Audio right of what is emitted: quality for latency.",
    ),
    click.option(
        "--mode",
        type=click.Choice(MODES),
        help="Compute all of the window in every step, or only its newest part.  "
        "[default: incremental, where the model can]",
    ),
    milliseconds(
        "--refresh",
        help="Audio that an incremental step computes.  [default: hop + lookahead + 163]",
    ),
)


def stream_options(command: Command) -> Command:
    """--window, --hop, --lookahead, --mode, --refresh: how a stream cuts audio; in seconds."""
    return _add(_STREAM_OPTIONS, command)


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


def written_file(name: str, *endings: str, help: str) -> Callable[[Command], Command]:
    """A file that is written at the end, of one of these kinds."""

    def check(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
        """Better to hear of it before the work than after it."""
        if path is not None and path.suffix not in endings:
            raise click.BadParameter(f"{path.name!r} has to end with {' or '.join(endings)}")
        if path is not None and not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {str(path.parent)!r}", ctx, param)
        return path

    return click.option(
        name,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="|".join(f"FILE{ending}" for ending in endings),
        callback=check,
        help=help,
    )


budget_option = milliseconds(
    "--budget",
    help="Time a step may take before it is late; part of the latency.  [default: the hop]",
)
input_channels_option = click.option(
    "--input-channels",
    metavar="1-2",
    help="Of the input, left and right; a single one is heard on both sides.",
)
_DEVICE_OPTIONS = (
    click.option(
        "--blocksize",
        type=Number(0, 8192, whole=True),
        default=0,
        metavar="SAMPLES",
        help="Of the device, up to 8192; 0 is its own choice.  [default: 0]",
    ),
    click.option(
        "--samplerate",
        type=Number(8000, 384_000, whole=True),
        metavar="HZ",
        help="Of the device, 8000 to 384000.  [default: the model's, if it can]",
    ),
    click.option(
        "--buffer",
        "latency",
        cls=Renamed,
        old="--device-latency",
        default="low",
        show_default=True,
        metavar="low|high|MS",
        callback=lambda ctx, param, value: parse_latency(ctx, param, value),
        help="How much the sound device may buffer.",
    ),
    input_channels_option,
    click.option(
        "--route",
        "routes",
        metavar="STEM=3-4",
        multiple=True,
        help="A stem, or mix, to channels of the output device; may be repeated.",
    ),
    click.option(
        "--wasapi",
        type=click.Choice(["shared", "exclusive", "convert"]),
        default="shared",
        show_default=True,
        help="On Windows: share the device, have it alone, or let the system resample.",
    ),
)
_LIVE_OPTIONS = (
    budget_option,
    click.option(
        "--on-late",
        "policy",
        type=click.Choice(["hold", "dry", "silence"]),
        default="hold",
        show_default=True,
        help="Heard while stems are late: their last balance, the input, or nothing.",
    ),
    click.option(
        "--ui",
        type=click.Choice(["auto", "tui", "plain", "off"]),
        default="auto",
        show_default=True,
        help="Faders in the terminal, a line a second, or nothing.",
    ),
    click.option(
        "--midi",
        metavar="PORT|auto|off",
        default="auto",
        show_default=True,
        help="Controllers that move the faders.",
    ),
    click.option(
        "--osc", metavar="[HOST:]PORT", help="Listen for OSC; on this machine only by default."
    ),
    config_option,
    click.option(
        "--record",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Record stems, mix and input from the start.",
    ),
    click.option("--no-limiter", is_flag=True, help="Let the mix go over full scale."),
    *_DEVICE_OPTIONS,
    click.option("--wait", "waits", is_flag=True, help="Wait for devices that are not there yet."),
    click.option("--loop", is_flag=True, help="Play a file or the demo over and over."),
    click.option("--duration", type=Number(min=0), metavar="S", help="End after so many seconds."),
    written_file(
        "--profile",
        ".html",
        ".json",
        help="Write at the end where the time of the session went (see `rtsep profile`).",
    ),
)
# Parameter -> option, of everything that only a live session understands.
LIVE_ONLY = {
    "budget": "--budget", "policy": "--on-late", "ui": "--ui", "midi": "--midi", "osc": "--osc",
    "config": "--config", "record": "--record", "no_limiter": "--no-limiter",
    "blocksize": "--blocksize", "samplerate": "--samplerate", "latency": "--buffer",
    "routes": "--route", "wasapi": "--wasapi",
    "waits": "--wait", "loop": "--loop", "duration": "--duration", "profile": "--profile",
}  # fmt: skip


def device_options(command: Command) -> Command:
    """--blocksize, --samplerate, --buffer, --input-channels, --route, --wasapi"""
    return _add(_DEVICE_OPTIONS, command)


def live_options(command: Command) -> Command:
    """Everything in `LIVE_ONLY`."""
    return _add(_LIVE_OPTIONS, command)


def _add(options: Sequence[Callable[[Any], Any]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def parse_compute(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Sound devices are often given here."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
        raise click.BadParameter(
            f"{value!r} is none of auto, cpu, cuda, mps, where the network can compute; sound "
            "devices are given with --input and --output",
            ctx,
            param,
        )
    return value


def parse_latency(ctx: click.Context, param: click.Parameter, value: str) -> str | float:
    """ "low", "high", or milliseconds as seconds."""
    if value in ("low", "high"):
        return value
    try:
        milliseconds = float(value)
    except ValueError:
        milliseconds = -1.0
    if not 0 <= milliseconds < 10_000:
        raise click.BadParameter(f"{value!r} is neither low, high nor milliseconds", ctx, param)
    return milliseconds / 1000


def parse_target(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """ "auto" as 0, milliseconds as seconds."""
    if value is None or value == "auto":
        return None if value is None else 0.0
    try:
        milliseconds = float(value)
    except ValueError:
        milliseconds = -1.0
    if not 0 < milliseconds < 10_000:
        raise click.BadParameter(f"{value!r} is neither auto nor milliseconds", ctx, param)
    return milliseconds / 1000


def parse_list(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[float, ...]:
    """("46,93", "186") as numbers, 0 or more."""
    numbers = []
    for text in ",".join(values).split(",") if values else ():
        try:
            numbers.append(float(text))
        except ValueError:
            numbers.append(math.nan)
        if not 0 <= numbers[-1] < math.inf:
            raise click.BadParameter(f"{text!r} is not a number, 0 or more", ctx, param)
    return tuple(numbers)


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
