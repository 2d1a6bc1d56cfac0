"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from rtsep.cli.common.parsing import parse_compute, parse_stems, parse_target
from rtsep.cli.common.values import Number, Renamed
from rtsep.config import DEFAULTS, EXECUTORS, MODES, PATHS, PRECISIONS

Command = TypeVar("Command", bound=Callable[..., Any])

CHOSEN = "rtsep.chosen"  # in a context's meta: parameters of the set that is used

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


def typed_options(ctx: click.Context) -> list[str]:
    """The options that stand on the command line."""
    return [
        parameter.opts[0]
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]


def given_options(ctx: click.Context) -> list[str]:
    """Those, and the ones of the set that is used: what somebody wants of this run."""
    chosen = ctx.meta.get(CHOSEN, ())
    of_set = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name in chosen
        and ctx.get_parameter_source(parameter.name) is ParameterSource.DEFAULT_MAP
    ]
    return typed_options(ctx) + of_set


def added(options: Sequence[Callable[[Any], Any]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


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
        callback=parse_compute,
        help="Where the network computes: processor or graphics card.",
    ),
    cache_option,
)


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
    return added(_NAMING_OPTIONS, command)


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
        metavar="auto|instant|MS",
        callback=parse_target,
        help="Choose mode, hop and lookahead for this machine: the smallest it holds, or this "
        "one; instant plays 23 ms after the sound, from the song's own memory.  [default: auto, "
        "live]",
    )(command)


_PATH_OPTIONS = (
    click.option(
        "--path",
        type=click.Choice(PATHS),
        help="Stems of the network itself, or 23 ms after the sound from the song's own memory, "
        "which --latency instant asks for too.  [default: full]",
    ),
    click.option(
        "--delay",
        type=click.Choice(["12", "23"]),
        callback=lambda ctx, param, value: None if value is None else int(value) / 1000,
        help="Of the instant path, in ms: the shorter one costs more than twice the time, and "
        "some quality.  [default: 23]",
    ),
)


def path_options(command: Command) -> Command:
    """--path, --delay in seconds"""
    return added(_PATH_OPTIONS, command)


def model_options(command: Command) -> Command:
    """--model, --compute, --cache"""
    return added(_MODEL_OPTIONS, command)


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
    return added(_STREAM_OPTIONS, command)


def format_option(
    encodings: Mapping[str, str] = ENCODINGS,
    help: str = "Of the files with stems: wav is 32-bit float, flac is 24 bits.",
) -> Callable[[Command], Command]:
    """--format, as `encoding`"""
    return click.option(
        "--format",
        "encoding",
        type=click.Choice(list(encodings)),
        default="wav",
        show_default=True,
        callback=lambda ctx, param, value: encodings[value],
        help=help,
    )


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


input_channels_option = click.option(
    "--input-channels",
    metavar="1-2",
    help="Of the input, left and right; a single one is heard on both sides.",
)
