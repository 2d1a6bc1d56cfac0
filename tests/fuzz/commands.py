"""Command lines: every command and option, with values that nobody means. No device is opened,
nothing is fetched, and all work is done on a network that is no bigger than a file's header."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import click
import numpy as np
import soundfile
import torch

from rtsep.audio.choose import choose
from rtsep.audio.routes import parse_channels, parse_cue, parse_route
from rtsep.cli.files import run as file_run  # noqa: F401  # before time is taken
from rtsep.cli.live import run as live_run  # noqa: F401  # before time is taken
from rtsep.cli.main import command, main
from rtsep.cli.measure import map_run  # noqa: F401  # before time is taken
from rtsep.config import StreamSpec
from rtsep.errors import CompileError, DownloadError, RtsepError
from rtsep.live_session.messages import DeviceReady, ModelReady
from rtsep.live_session.shared import SHARED_BYTES, Shared
from rtsep.live_session.spec import LiveSpec, latency_parts, layout_of
from tests.fuzz import tiny
from tests.fuzz.kinds import Kind, complaint

WORDS = (
    "", " ", "-", "--", "0", "-0", "1", "-1", "0.5", "1e400", "-1e400", "1e308", "1e-320", "nan",
    "-nan",
    "inf", "-inf", "1_0", "0x10", "٣", "one", "9" * 30, "9" * 5000, "x" * 300, "x" * 5000, "é",
    "\udcff",
    "\x1b[2J", "a\nb", "%s", "{}", "$(touch canary)", "`touch canary`", "*", "~", "~nobody/x.th",
    "..",
    "/proc", "/dev/null", "a/../..", "C:\\x", "con", "auto", "off", "null", "mic", "device:",
    "device:9", "1-2",
    "3-4-5", "vocals=1", "=", "a=b=c", "vocals=", "=3-4", "mix=1-2", "vocals=-6", "0.0.0.0:0",
    "[::]:0",
    "vocals=-6,0,3", "vocals=kill,0,0", "vocals=0.5", "mix=-1",
    "bf16", "exact", "htdemucs", "htdemuc", "gain:1", "mute:999", "a,b", "1,2,3", ",", "1,,2",
)  # fmt: skip
PLACES = (
    "song.wav", "model.safetensors", "empty.wav", "text.txt", "pipe", "pipe.th", "folder", "song",
    "dangling.wav", "loop.wav", "/dev/null", "/dev/zero", "/dev/full", "/dev/null/x",
    "/proc/self/mem",
    "map.csv", "nowhere/x.wav", "out", "out.wav", "out.flac", "x" * 250 + ".wav", "\udcff.wav",
    "maps",
)  # fmt: skip
GOOD = (
    [
        "--input",
        "song.wav",
        "--model",
        "model.safetensors",
        "--window",
        "0.2",
        "--hop",
        "20",
        "--output",
        "null",
    ],
    ["--input", "song.wav", "--model", "model.safetensors", "--output", "out"],
    ["--input", "song.wav", "--model", "model.safetensors", "--pace", "realtime", "--ui", "off"],
    ["separate", "song.wav", "-o", "out", "--model", "model.safetensors"],
    ["map", "song", "--model", "model.safetensors", "--no-plot", "--hop", "20"],
    ["map", "--from", "map.csv"],
    ["tune", "--model", "model.safetensors"],
    ["compile", "--model", "model.safetensors"],
    ["models", "list"],
    ["models", "import", "model.safetensors"],
    ["models", "pull", "htdemucs"],
    ["models", "path"],
    ["midi", "list", "--config", "maps"],
    ["midi", "presets", "--config", "maps"],
    ["midi", "monitor"],
    ["midi", "learn", "gain:1"],
    ["config", "show"],
    ["config", "show", "club"],
    ["config", "path"],
    ["devices"],
    [],
)
VARIABLES = (
    "RTSEP_CACHE",
    "RTSEP_CONFIG",
    "RTSEP_SETTINGS",
    "RTSEP_EXECUTOR",
    "COLUMNS",
    "TERM",
    "NO_COLOR",
)


def options_of(words: list[str]) -> list[click.Option]:
    """Of the command that these words call."""
    found: click.Command = command
    for word in words:
        if isinstance(found, click.Group) and word in found.commands:
            found = found.commands[word]
    return [one for one in found.params if isinstance(one, click.Option) and one.name != "debug"]


def make_command(random: Random) -> bytes:
    words = list(random.choice(GOOD))
    options = options_of(words)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3)) if options else 0):
        option = random.choice(options)
        words.append(random.choice(option.opts))
        if not option.is_flag:
            words.append(value_for(option, random))
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        at = random.randrange(len(words) + 1)
        words[at : at + random.randrange(2)] = [random.choice((*WORDS, *PLACES, "--gian", "-x"))]
    variables = {}
    if random.random() < 0.1:
        variables[random.choice(VARIABLES)] = random.choice((*WORDS, *PLACES))
    return json.dumps({"words": words, "variables": variables}).encode()


def value_for(option: click.Option, random: Random) -> str:
    if isinstance(option.type, click.Choice) and random.random() < 0.7:
        return str(random.choice(option.type.choices))
    return random.choice(random.choice((WORDS, WORDS, PLACES)))


def furnish(folder: Path) -> None:
    """Everything in `PLACES`, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("folder", "song", "maps"):
        (folder / name).mkdir(parents=True)
    tiny.write_model(folder / "model.safetensors")
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (800, 2)).astype(np.float32)
    for name in ("song.wav", "song/mixture.wav", "song/drums.wav", "\udcff.wav"):
        with (folder / name).open("wb") as file:
            soundfile.write(file, sound, 8000, subtype="FLOAT", format="WAV")
    (folder / "empty.wav").touch()
    (folder / "text.txt").write_text("no music\n" * 9)
    (folder / "map.csv").write_text("song,model\n1,2\n")
    (folder / "maps" / "odd.toml").write_text("bindings = 1")
    for name in ("pipe", "pipe.th", "maps/pipe.toml"):
        os.mkfifo(folder / name)
    (folder / "dangling.wav").symlink_to("gone.wav")
    (folder / "loop.wav").symlink_to("loop.wav")


class NoSession:
    """In the place of a live session: checks what its processes would, and ends."""

    memory = bytearray(SHARED_BYTES)

    def __init__(self, spec: LiveSpec, observer: object) -> None:
        audio = spec.audio
        for name, kind in ((audio.input, "input"), (audio.output, "output")):
            if name is not None:
                choose(name, kind=kind, devices=[])  # type: ignore[arg-type]
        if audio.input_channels:
            parse_channels(audio.input_channels)
        routes = [parse_route(route) for route in audio.routes]
        if audio.cue is not None:
            parse_cue(audio.cue, routes)
        rate = audio.samplerate or 8000
        model, device = self._ready(rate, audio.blocksize or 256)
        layout = layout_of(model, device, latency_parts(model, device, spec.budget))
        Shared(self.memory, layout)
        raise RtsepError("no live session in here")

    def _ready(self, rate: int, block: int) -> tuple[ModelReady, DeviceReady]:
        spec = StreamSpec(
            window=1600, hop=160, lookahead=80, crossfade=0, frame=16, sample_rate=8000
        )
        model = ModelReady(
            name="tiny", device="cpu", executor="eager", stems=tiny.CONFIG.stems, channels=2,
            spec=spec, step_seconds=0.01,
        )  # fmt: skip
        device = DeviceReady(
            input="file", output="null", rate=rate, blocksize=block, longest_block=block, latency=()
        )
        return model, device


def refuse(error: type[RtsepError]) -> Any:
    def call(*arguments: object, **options: object) -> None:
        raise error("not in here")

    return call


def no_devices(*, rates: bool = False) -> list[object]:
    return []


@contextlib.contextmanager
def without_work() -> Iterator[None]:
    """No sound, no network, no compiler and no measuring of minutes."""
    with contextlib.ExitStack() as stack:
        for where, what in {
            "rtsep.cli.live.run.LiveSession": NoSession,
            "rtsep.audio.devices.ask_for_devices": no_devices,
            "rtsep.files.places.ask_for_devices": no_devices,
            "rtsep.audio.choose.list_devices": list,
            "rtsep.control.midi.ports._start": refuse(RtsepError),
            "rtsep.weights.hub.fetch_from_hub": refuse(DownloadError),
            "rtsep.weights.npm.fetch_from_npm": refuse(DownloadError),
            "rtsep.measure.tuning.measure": refuse(RtsepError),
            "rtsep.cli.measure.map_run.measure": refuse(RtsepError),
            "rtsep.engine.separator.Separator.compile": refuse(CompileError),
        }.items():
            stack.enter_context(patch(where, what))
        yield


def check_command(path: Path) -> None:
    """It ends with 0, 1 or 2; what it says then is a line or two for a person."""
    asked = json.loads(path.read_bytes())
    folder = path.parent / "furnished"
    furnish(folder)
    variables = {"RTSEP_CACHE": "cache", "RTSEP_CONFIG": "maps", **asked["variables"]}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace")
    )
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            without_work(),
            patch.dict(os.environ, variables),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(asked["words"])
            out.flush()
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    err.seek(0)
    told = err.read()
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert code in (0, 1, 2) and "Traceback" not in told, (code, told[-2000:])
    assert not any(folder.rglob("canary"))
    if code:
        last = told[told.rindex("rtsep: ") :].removesuffix("\n")
        wrong = complaint(last, None)
        assert wrong is None, (wrong, told[-2000:])
        raise RtsepError(last)


KINDS = (
    Kind(name="command", file="words.json", make=make_command, check=check_command, named=False),
)
