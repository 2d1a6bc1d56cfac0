"""Round trips over a private JACK server: what `rtsep profile --roundtrip` finds of a known delay.

For each period a server of its own, and on it a client that delays by a number of samples that
only this program knows. A loop takes a period, as what a client gives back is heard in the next
one, that delay, and inside rtsep what is declared: what is found is compared with that sum. On
the full path, and on the instant path with both of its delays. Without options for rtsep the
network is a small one: latency does not depend on it.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.hardware import finish
from rig.server import JackServer, running_jack, running_loop
from rig.small_model import write_small_model

PERIODS = (64, 128, 256, 512, 1024, 2048)
DELAYS = (None, 12, 23)  # of the instant path, in ms; None is the full path
SMALL = ["--window", "0.464", "--hop", "464", "--lookahead", "0", "--budget", "1000"]
LONGEST = 2000  # samples of delay


def profile(server: JackServer, arguments: list[str]) -> dict[str, Any]:
    """What the command told with --json; also if it claims nothing, and then why."""
    command = [sys.executable, "-m", "rtsep", "profile", "--roundtrip", "--input", "loop",
               "--output", "loop", "--search", "200", "--json", *arguments]  # fmt: skip
    done = subprocess.run(command, env=server.env, stdout=subprocess.PIPE, text=True)
    if not done.stdout:
        raise RuntimeError(f"rtsep ended with code {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def compared(told: dict[str, Any], outside: int) -> dict[str, Any]:
    """Figures of one run, in samples; `outside` is the period and the delay."""
    figures: dict[str, Any] = {"outside": outside}
    for way in ("device_path", "whole_chain", "stems"):
        if told[way] is None:
            figures[way] = None
            continue
        declared = (told[way].get("declared") or told["whole_chain"]["declared"])["total"][
            "samples"
        ]
        measured = told[way]["latency"] and told[way]["latency"]["samples"]
        figures[way] = {
            "measured": measured,
            "fraction": told[way]["fraction"],
            "true": outside + declared,
            "declared": declared,
            "exact": measured == outside + declared,
            "agreement": told[way]["agreement"],
            "confidence": told[way].get("confidence"),
        }
    keys = ("bursts", "level_db", "blocks_lost", "concealed", "problem")
    return figures | {key: told[key] for key in keys}


def run(period: int, instant: int | None, repeats: int, engine: list[str]) -> dict[str, Any]:
    delay = random.randrange(LONGEST)
    path = ["--path", "instant", "--delay", str(instant)] if instant else []
    with running_jack(period=period) as server, running_loop(server, delay=delay):
        told = profile(server, ["--repeats", str(repeats), *path, *engine])
    figures = {"period": period, "instant_ms": instant, "delay": delay}
    return figures | compared(told, period + delay)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--periods", type=int, nargs="+", default=PERIODS)
    parser.add_argument("--repeats", type=int, default=8, help="bursts of each run")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("rtsep", nargs="*", help="options for rtsep, behind --")
    options = parser.parse_args(argv)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        small = ["--model", str(write_small_model(Path(folder) / "small.safetensors")), *SMALL]
        for period in options.periods:
            for instant in DELAYS:
                figures = run(period, instant, options.repeats, options.rtsep or small)
                print(_line(figures), file=sys.stderr, flush=True)
                runs.append(figures)
    finish("roundtrip", {"options": options.rtsep, "runs": runs}, save=options.save)
    exact = [
        run[way]["exact"] for run in runs for way in ("device_path", "whole_chain") if run[way]
    ]
    return 0 if all(exact) and len(exact) == 2 * len(runs) else 1


def _line(figures: dict[str, Any]) -> str:
    ways = [
        f"{way} {figures[way]['measured']} of {figures[way]['true']}"
        for way in ("device_path", "whole_chain", "stems")
        if figures[way]
    ]
    path = f"instant {figures['instant_ms']} ms" if figures["instant_ms"] else "full"
    where = f"period {figures['period']}, {path}, delay {figures['delay']}"
    return f"{where}: {', '.join(ways)}" + (
        f" ({figures['problem']})" if figures["problem"] else ""
    )


if __name__ == "__main__":
    sys.exit(main())
