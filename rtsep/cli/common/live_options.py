"""Options of what plays: devices, displays, controllers, takes."""

from __future__ import annotations

from pathlib import Path

import click

from rtsep.cli.common.options import (
    Command,
    added,
    config_option,
    input_channels_option,
    milliseconds,
    written_file,
)
from rtsep.cli.common.parsing import parse_latency
from rtsep.cli.common.values import Number, Renamed
from rtsep.config import POLICIES

budget_option = milliseconds(
    "--budget",
    help="Time a step may take before it is late; part of the latency.  [default: the hop]",
)
_DEVICE_OPTIONS = (
    click.option(
        "--blocksize",
        type=Number(0, 8192, whole=True),
        default=0,
        metavar="SAMPLES",
        help="Of the device, up to 8192; 0 is its own choice, as it always is on JACK.  "
        "[default: 0]",
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
        callback=parse_latency,
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
_CUE_OPTIONS = (
    click.option(
        "--cue",
        metavar="3-4",
        help="Channels of the output device for headphones, where stems are prelistened to.",
    ),
    click.option(
        "--cue-mix",
        type=Number(0, 1),
        default=0,
        show_default=True,
        metavar="X",
        help="Of the headphones: from 0, the cue only, to 1, the master only.",
    ),
    click.option(
        "--cue-volume",
        type=Number(-60, 6),
        default=0,
        show_default=True,
        metavar="DB",
        help="Of the headphones, -60 to +6 dB.",
    ),
    click.option(
        "--cue-split",
        is_flag=True,
        help="The cue on the left ear, the master on the right one, both mono.",
    ),
)
_LIVE_OPTIONS = (
    budget_option,
    click.option(
        "--on-late",
        "policy",
        type=click.Choice(POLICIES),
        help="Heard while stems are late: their last balance, the input, nothing, or what the "
        "song's own memory says.  [default: hold; instant, where there is an instant path]",
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
    click.option(
        "--remote",
        is_flag=False,
        flag_value="0",
        metavar="[[HOST:]PORT]",
        help="Serve a page with the faders to browsers; to this machine only by default, to phones "
        "and tablets with 0.0.0.0:8765.",
    ),
    config_option,
    click.option(
        "--scene-fade",
        type=Number(0, 60),
        default=1,
        show_default=True,
        metavar="S",
        help="How long the way to a scene takes, 0 to 60 seconds.",
    ),
    click.option(
        "--record",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Record stems, mix and input from the start.",
    ),
    click.option(
        "--trim",
        "trim_db",
        type=Number(-20, 20),
        default=0,
        show_default=True,
        metavar="DB",
        help="Level of the input, ahead of everything, -20 to +20 dB.",
    ),
    click.option("--no-limiter", is_flag=True, help="Let the mix go over full scale."),
    *_DEVICE_OPTIONS,
    *_CUE_OPTIONS,
    click.option(
        "--stem-ports",
        is_flag=True,
        help="On JACK: ports for every stem, such as rtsep:drums_L, for a mixer or a DAW.",
    ),
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
    "remote": "--remote", "config": "--config", "scene_fade": "--scene-fade", "record": "--record",
    "trim_db": "--trim", "no_limiter": "--no-limiter",
    "blocksize": "--blocksize", "samplerate": "--samplerate", "latency": "--buffer",
    "routes": "--route", "wasapi": "--wasapi",
    "cue": "--cue", "cue_mix": "--cue-mix", "cue_volume": "--cue-volume",
    "cue_split": "--cue-split",
    "stem_ports": "--stem-ports",
    "waits": "--wait", "loop": "--loop", "duration": "--duration", "profile": "--profile",
}  # fmt: skip


def device_options(command: Command) -> Command:
    """--blocksize, --samplerate, --buffer, --input-channels, --route, --wasapi"""
    return added(_DEVICE_OPTIONS, command)


def live_options(command: Command) -> Command:
    """Everything in `LIVE_ONLY`."""
    return added(_LIVE_OPTIONS, command)
