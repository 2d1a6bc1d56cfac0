"""What somebody gets who types `rtsep --input DECK --output system` and nothing else.

On a private JACK server with a deck that plays the demo song, or another one: seconds from Enter to
the first line and to moving stems, and in the minute that follows the latency and how much of the
sound the policy had to make up; alone, and beside a program that keeps one core busy. Without any
tuning, or with `--tuned` with that of this machine.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.live import with_stolen
from rig.server import RATE, JackServer, running_jack, wait_for_ports
from rtsep.demo import demo_song
from rtsep.weights.cache import default_folder

DECK = "deck"
MINUTE = 60.0
_PATIENCE_SECONDS = 120.0  # for the first stems
_LINE = re.compile(
    r"running (?P<at>[\d:]+).* (?P<latency>\d+)ms .*misses (?P<misses>\d+)/(?P<concealed>\d+)ms"
    r".* in (?P<input>\S+) .*drums (?P<drums>\S+)"
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.first_minute", description=__doc__)
    parser.add_argument("--song", type=Path, help="WAV at 44.1 kHz instead of the demo")
    parser.add_argument("--seconds", type=float, default=MINUTE)
    parser.add_argument("--tuned", action="store_true", help="with this machine's tuning")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    parser.add_argument("rtsep", nargs="*", help="options for rtsep, behind --")
    args = parser.parse_args(argv)
    figures: dict[str, Any] = {"tuned": args.tuned, "options": args.rtsep}
    with tempfile.TemporaryDirectory() as folder, running_jack() as server:
        cache = default_folder() if args.tuned else _untuned(Path(folder))
        song = args.song or _demo(Path(folder) / "demo.wav")
        with _deck(server, song):
            for name, busy in (("alone", 0), ("beside a busy program", 1)):
                with _busy(busy):
                    figures[name] = with_stolen(
                        _session, server, ["--cache", str(cache), *args.rtsep], args.seconds
                    )
                print(f"{name}: {json.dumps(figures[name])}", flush=True)
    from bench.hardware import finish

    finish("first-minute-tuned" if args.tuned else "first-minute", figures, save=args.save)
    return 0


def _untuned(folder: Path) -> Path:
    """A cache folder with the weights and nothing else."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(default_folder() / "models")
    return cache


def _demo(path: Path) -> Path:
    soundfile.write(path, demo_song(RATE).mix.T, RATE, subtype="FLOAT")
    return path


@contextmanager
def _deck(server: JackServer, song: Path) -> Iterator[None]:
    script = Path(__file__).parents[1] / "rig" / "deck.py"
    with subprocess.Popen(
        [sys.executable, script, DECK, song], stdin=subprocess.PIPE, env=server.env
    ) as process:
        try:
            wait_for_ports(server, DECK)
            yield
        finally:
            process.kill()


@contextmanager
def _busy(count: int) -> Iterator[None]:
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def _session(server: JackServer, options: list[str], seconds: float) -> dict[str, Any]:
    """One, as a newcomer starts it; ended `seconds` after its first stems."""
    command = [sys.executable, "-m", "rtsep", "--input", DECK, "--output", "system",
               "--ui", "plain", "--json", *options]  # fmt: skip
    began = time.monotonic()
    with subprocess.Popen(
        command, env=server.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            lines = list(_lines(process, began, seconds))
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    told = json.loads(out)
    return _figures(lines, seconds) | {
        "step_ms": told["step_ms"],
        "hop_ms": told["spec"]["hop"]["ms"],
        "executor": told["executor"],
        "xruns": told["xruns"],
        "retunings": told["retunings"],
        "events": told["events"],
    }


def _lines(
    process: subprocess.Popen[str], began: float, seconds: float
) -> Iterator[tuple[float, str]]:
    """(seconds since Enter, line), until `seconds` after the first stems."""
    assert process.stderr is not None
    end = began + _PATIENCE_SECONDS
    for line in process.stderr:
        now = time.monotonic()
        yield now - began, line.rstrip()
        if _moving(line) and end == began + _PATIENCE_SECONDS:
            end = now + seconds
        if now > end:
            return


def _moving(line: str) -> bool:
    found = _LINE.search(line)
    return found is not None and np.isfinite(float(found["drums"]))


def _figures(lines: list[tuple[float, str]], seconds: float) -> dict[str, Any]:
    rows = [(at, found) for at, line in lines if (found := _LINE.search(line))]
    moving = [(at, found) for at, found in rows if np.isfinite(float(found["drums"]))]
    if not moving:
        return {"first_line_s": round(lines[0][0], 2), "stems_s": None}
    concealed = int(moving[-1][1]["concealed"]) - int(moving[0][1]["concealed"])
    return {
        "first_line_s": round(lines[0][0], 2),
        "stems_s": round(moving[0][0], 1),
        "concealed_percent": round(concealed / (10 * seconds), 2),
        "misses": int(moving[-1][1]["misses"]) - int(moving[0][1]["misses"]),
        "latency_ms": [int(moving[0][1]["latency"]), int(moving[-1][1]["latency"])],
    }


if __name__ == "__main__":
    sys.exit(main())
