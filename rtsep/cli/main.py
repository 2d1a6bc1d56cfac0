"""`rtsep`: the root command, its errors and exit codes."""

from __future__ import annotations

import io
import sys
import traceback
from contextlib import suppress
from typing import Any

import click

from rtsep import __version__
from rtsep.cli.common.figures import say
from rtsep.cli.common.live_options import live_options
from rtsep.cli.common.options import (
    executor_option,
    format_option,
    given_options,
    model_options,
    naming_options,
    path_options,
    precision_option,
    stream_options,
    target_option,
    typed_options,
)
from rtsep.cli.common.parsing import parse_eq, parse_filters, parse_gains
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.signals import interrupted_by_signals
from rtsep.cli.devices import devices
from rtsep.cli.doctor import doctor
from rtsep.cli.files.separate import separate
from rtsep.cli.help import SectionedGroup
from rtsep.cli.measure.map import map_command
from rtsep.cli.measure.profile import profile
from rtsep.cli.midi import midi
from rtsep.cli.models import models
from rtsep.cli.settings.command import Saved, left, use_option, usual_of
from rtsep.cli.settings.config import config
from rtsep.cli.setup.compile import compile
from rtsep.cli.setup.tune import tune
from rtsep.cli.words import check_command
from rtsep.errors import RtsepError, UsageError, explained

DONE, FAILED, BAD_INPUT = 0, 1, 2
LONGEST = 1400  # of what is said about an error

# What a command needs beyond click is imported when it runs: `rtsep --help` must not wait.


SECTIONS = {
    "Sound": ("source", "destination", "waits", "loop", "duration"),
    "Mix": ("preset", "mute", "solo", "gains_db", "eq_db", "filters", "trim_db", "no_limiter"),
    "Files": ("encoding", "record", "pace"),
    "Latency": (
        "target", "path", "delay", "hop", "lookahead", "window", "mode", "refresh", "budget",
        "policy",
    ),
    "Model": ("model", "named", "complete", "device", "precision", "executor", "cache"),
    "Controls": ("ui", "midi", "osc", "remote", "config", "scene_fade"),
    "Sound devices": (
        "latency", "blocksize", "samplerate", "input_channels", "routes", "stem_ports",
        "wasapi",
    ),
    "Headphones": ("cue", "cue_mix", "cue_volume", "cue_split"),
    "Settings": ("used",),
    "Reports": ("as_json", "profile", "debug", "version"),
}  # fmt: skip


class Root(Saved, SectionedGroup):
    """`rtsep`, which knows what is meant by words that are no command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        check_command(args, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:  # caught here, it costs no empty line
            raise click.Abort() from error


@click.group(
    cls=Root,
    sections=SECTIONS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has its own --help.",
)
@click.option(
    "--input",
    "source",
    metavar="mic|app:NAME|system|DEVICE|FILE|FOLDER|demo",
    help="What to separate; see `rtsep devices`. app:NAME is what a program plays, system what the "
    "computer plays. A folder or a playlist (.m3u) is played live, song after song.",
)
@click.option(
    "--output",
    "destination",
    metavar="speakers|DEVICE|FOLDER|FILE.wav|null",
    help="Where it goes: heard, or written as stems or as one mix, or only measured.  "
    "[default: speakers for a live input; to be given for a file]",
)
@model_options
@naming_options
@stream_options
@target_option
@path_options
@precision_option(None, "  [default: auto; fp32 offline]")
@executor_option
@click.option(
    "--preset",
    metavar="NAME",
    help="Begin with a balance: acapella, instrumental, no drums, ..., or one of your own (see "
    "`rtsep config`).",
)
@click.option(
    "--gain",
    "gains_db",
    metavar="STEM=DB",
    multiple=True,
    callback=parse_gains,
    help="Gain of a stem in the mix, -inf to +6 dB; may be repeated.",
)
@click.option("--mute", metavar="STEM", multiple=True, help="Leave a stem out of the mix.")
@click.option("--solo", metavar="STEM", multiple=True, help="Only such stems in the mix.")
@click.option(
    "--eq",
    "eq_db",
    metavar="STEM=LOW,MID,HIGH",
    multiple=True,
    callback=parse_eq,
    help="Equalizer of a stem, each band in dB, kill to +6; may be repeated.",
)
@click.option(
    "--filter",
    "filters",
    metavar="STEM|mix=X",
    multiple=True,
    callback=parse_filters,
    help="Low-pass (down to -1) or high-pass (up to 1) of a stem or the mix; may be repeated.",
)
@format_option()
@click.option(
    "--pace",
    type=click.Choice(["max", "realtime"]),
    default="max",
    show_default=True,
    help="For a file that nobody plays: as fast as it goes, or like a live session.",
)
@live_options
@use_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
@click.version_option(__version__, prog_name="rtsep")
@click.pass_context
def command(ctx: click.Context, /, source: str | None, **options: Any) -> None:
    """Real-time music separation: music in, drums, bass, vocals and the rest out.

    \b
    rtsep --input demo --output speakers      the song that comes with it, live
    rtsep --input mic --mute vocals           a microphone to the speakers
    rtsep --input app:spotify --solo drums    what a program plays, in its place
    rtsep --input song.flac --output stems    a file into a folder of stems
    rtsep --input song.flac --output karaoke.wav --mute vocals

    A file that nobody plays is separated offline, with the best quality; an option of the latency
    takes it through the live engine instead.
    """
    typed = typed_options(ctx)
    if ctx.invoked_subcommand is not None:
        if typed:
            raise click.UsageError(
                f"{typed[0]} does not go with {ctx.invoked_subcommand!r}; give options behind it"
            )
        return
    if source is None:
        if typed:
            raise click.UsageError(f"{typed[0]} does nothing without --input; try --input demo")
        click.echo(ctx.get_help())
        return
    with RichObserver():
        from rtsep.cli.run import run
        from rtsep.cli.settings.presets import own_presets

    saved = usual_of(ctx)
    run(
        source,
        given=given_options(ctx),
        saved=saved,
        presets=own_presets(left(ctx).file),
        **options,
    )


for each in (separate, devices, doctor, tune, models, midi, config, profile, map_command, compile):
    command.add_command(each)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 2 bad usage or input, 1 otherwise."""
    args = sys.argv[1:] if argv is None else argv
    debug = "--debug" in args
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # paths that are no text, as they came
    try:
        with interrupted_by_signals():
            return _run(args, debug)
    except KeyboardInterrupt as error:  # while something else was told
        return _fail(error, "interrupted", FAILED, debug)


def _run(args: list[str], debug: bool) -> int:
    try:
        # --debug is understood anywhere, also behind a subcommand's name.
        command.main([arg for arg in args if arg != "--debug"], "rtsep", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt) as error:
        return _fail(error, "interrupted", FAILED, debug)
    except click.ClickException as error:
        return _fail(error, error.format_message(), BAD_INPUT, debug)
    except Exception as error:
        known = error if isinstance(error, RtsepError) else explained(error)
        code = BAD_INPUT if isinstance(known, UsageError) else FAILED
        return _fail(error, str(known), code, debug)
    return DONE


def _fail(error: BaseException, text: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."  # it may hold an argument
    with suppress(OSError):  # of a terminal that was closed
        if sys.stderr.isatty():
            click.echo("\r", err=True, nl=False)  # over the ^C that it shows
        say(f"rtsep: {short}")
    return code
