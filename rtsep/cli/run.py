"""`rtsep --input ...`: which kind of session the words ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import click

from rtsep.cli.common.figures import say
from rtsep.cli.common.live_options import LIVE_ONLY
from rtsep.cli.common.parsing import INSTANT
from rtsep.cli.common.progress import RichObserver
from rtsep.config import AUTO
from rtsep.files.places import Kind, Place, input_place, output_place
from rtsep.files.playlist import is_list
from rtsep.garbage import importing
from rtsep.stem_files.reading import is_stem_file

CHOSEN = ("--window", "--hop", "--lookahead", "--mode", "--refresh")  # by --latency
# Who asks for one of them means a stream, also where nobody listens.
OF_STREAMS = (*CHOSEN, "--latency", "--path", "--delay", "--executor")
OF_CUTTING = (
    "window", "hop", "lookahead", "mode", "refresh", "target", "path", "delay", "executor"
)  # fmt: skip
# Who asks for one of them wants the master of a stem file separated.
OF_NETWORKS = (*OF_STREAMS, "--model", "--stems", "--precision", "--profile")
OF_MIXES = ("gains_db", "mute", "solo", "eq_db", "filters", "preset", "presets")
OF_FILES = (*OF_MIXES, "encoding", "input_channels", "as_json")
OF_CUES = ("--cue", "--cue-mix", "--cue-volume", "--cue-split")
# Of an option of live sessions: true without one too, as scripts say it always.
NO_DEMANDS = ("off", "auto")


def run(
    source: str,
    *,
    destination: str | None,
    pace: str,
    given: list[str],
    saved: tuple[list[str], dict[str, Any]],
    **options: Any,
) -> None:
    """A live session where a device is involved or real time is asked for, else a file session,
    which is offline unless an option of streams is given.

    `given` are the options that stand on the command line, or in the set that is used. Those that
    are `saved` as defaults ask for nothing; with them comes what would be without them.
    """
    flags, usual_values = saved
    check_target(options["target"], [*given, *flags])
    where_from = input_place(source)
    live_input = where_from.kind is Kind.DEVICE
    instead = _instead_of_stems(where_from, given)
    true_stems = _has_true_stems(where_from) and not instead
    usual = "speakers" if live_input else "null"
    where_to = output_place(usual if destination is None else destination, live=live_input)
    live = {name: options.pop(name) for name in LIVE_ONLY}
    settle_cue(live, given, where_to)
    if live_input or where_to.kind is Kind.DEVICE or pace == "realtime":
        with RichObserver():
            from rtsep.cli.live.run import run_live

        if "--record" in flags and where_to.kind in (Kind.FILE, Kind.FOLDER):
            live["record"] = None  # which records already
        settle_live(options, given, flags)
        _tell_master(where_from, instead)
        run_live(where_from, where_to, true_stems=true_stems, **live, **options)
        return
    _refuse_list(where_from)
    _refuse_live(given, live)
    offline = not set(OF_STREAMS) & set(given)
    if offline:  # the live engine's defaults are not meant
        options |= {name: usual_values[name] for name in OF_CUTTING if name in usual_values}
    settle_path(options, given)
    if destination is None:
        _ask_where(where_from)
    with RichObserver("loading PyTorch"), importing():
        from rtsep.cli.files.run import run_file, run_stem_file

    if true_stems:
        wanted = {name: options[name] for name in OF_FILES}
        run_stem_file(where_from, destination=destination, **wanted)
        return
    _tell_master(where_from, instead)
    options["precision"] = options["precision"] or ("fp32" if offline else "auto")
    run_file(where_from, destination=destination, offline=offline, **options)


def _refuse_list(source: Place) -> None:
    """A folder or a playlist, where nothing is played."""
    if is_list(source):
        raise click.UsageError(
            f"{source.name} stands for several songs, which are played live: --output speakers, or "
            f"--pace realtime; `rtsep separate {source.name} -o FOLDER` makes stems of all in a "
            "folder"
        )


def settle_cue(live: dict[str, Any], given: Sequence[str], output: Place) -> None:
    """Headphones are channels of the output device; a cue among the defaults is for sessions with
    one."""
    asked = [flag for flag in OF_CUES if flag in given]
    hears = output.kind is Kind.DEVICE
    if asked and not hears:
        raise click.UsageError(
            f"{asked[0]} is for headphones on an output device, and --output {output.name} is none "
            "here; leave it out, or write the device's name as --output device:NAME"
        )
    if not hears:
        live["cue"] = None
    if asked and live["cue"] is None:
        raise click.UsageError(
            f"{asked[0]} does nothing without headphones; give their channels too, like --cue 3-4"
        )


def _refuse_live(given: list[str], live: dict[str, Any]) -> None:
    """Options of live sessions, where there is none."""
    for name, flag in LIVE_ONLY.items():
        if flag in given and live[name] not in NO_DEMANDS:
            raise click.UsageError(
                f"{flag} needs a live session; give a device, or --pace realtime"
            )


def _has_true_stems(source: Place) -> bool:
    return source.kind is Kind.FILE and is_stem_file(source.name)


def _instead_of_stems(source: Place, given: Sequence[str]) -> list[str]:
    """Options that want the master of a stem file separated, though its stems are there."""
    asked = [flag for flag in given if flag in OF_NETWORKS] if _has_true_stems(source) else []
    if asked == ["--delay"]:
        raise click.UsageError(
            "--delay is that of the instant path, and a stem file is played as it is; leave it "
            f"out, or have a network separate the master of {source.name} with --path instant too"
        )
    return asked


def _tell_master(source: Place, asked: Sequence[str]) -> None:
    if asked:
        say(
            f"note: {asked[0]} asks for a network, which separates the master of {source.name}; "
            "without it, the stems in the file are played"
        )


def _ask_where(source: Place) -> NoReturn:
    """For a file that goes nowhere. What is wrong with the file itself is told first."""
    from rtsep.files.sources import check_place

    check_place(source)
    raise click.UsageError(
        f"where shall {source.name} go? --output stems makes a folder with its stems, --output "
        "speakers plays it live, --output null only measures"
    )


def settle_live(options: dict[str, Any], given: list[str], flags: list[str] | None = None) -> None:
    """Latency and precision are the machine's business where nobody has said how audio is cut;
    `flags` are of the defaults that are saved."""
    settle_path(options, given)
    options["instant"] = options.pop("path") == INSTANT
    if options["target"] is None and not any(flag in CHOSEN for flag in (*given, *(flags or ()))):
        options["target"] = AUTO
    options["precision"] = options["precision"] or "auto"


def settle_path(options: dict[str, Any], given: list[str]) -> None:
    """--latency instant is --path instant: the latency is then that of the path it learns from. A
    delay among the defaults is for sessions with that path."""
    if options["target"] == INSTANT:
        if options.get("path") == "full":
            raise click.UsageError(
                "--latency instant does not go with --path full; leave one of them out"
            )
        options["target"], options["path"] = None, INSTANT
    options["path"] = options.get("path") or "full"
    if options["path"] != INSTANT and "--delay" not in given:
        options["delay"] = None
    if options["delay"] is not None and options["path"] != INSTANT:
        raise click.UsageError("--delay is that of the instant path; write --path instant too")


def check_target(target: float | str | None, given: list[str]) -> None:
    """--latency chooses what else could be said."""
    chosen = [flag for flag in given if flag in CHOSEN]
    if target is not None and chosen:
        advice = "write --path instant" if target == INSTANT else "leave one of them out"
        raise click.UsageError(f"{chosen[0]} does not go with --latency; {advice}")
