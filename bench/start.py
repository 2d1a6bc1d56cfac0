"""From Enter to the first stems of `rtsep --input song.wav ...`, with the weights in the cache.

Each run is a whole command on a song so short that its stems are the first ones: a hop or two of
the streaming engine (`stream`: window 2 s, hop 93 ms, lookahead 46 ms), one segment of 7.8 s
`offline`. Imports, loading, writing and the end of the process are included; code is compiled to
bytecode before, as that of installed packages is. With `--against CHECKOUT` another build takes
turns with this one, run for run, with the same Python and weights.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import soundfile

from bench.turns import in_turn, percentiles, ratios
from rtsep.demo import demo_song

RATE = 44_100
SAMPLES = 4096  # a hop
HERE = Path(__file__).parent.parent
COMMANDS = {
    "stream": ("--window", "2", "--hop", "93", "--lookahead", "46", "--output", "stems", "--input"),
    "offline": ("separate", "-o", "stems"),
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    parser.add_argument("--against", type=Path, help="a checkout of another build")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--kinds", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    parser.add_argument("rtsep", nargs="*", help="options for rtsep, behind --")
    args = parser.parse_args(argv)
    builds = {"this": HERE} | ({"other": args.against.resolve()} if args.against else {})
    figures: dict[str, Any] = {"other": args.against and _commit(args.against)}
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder) / "song.wav"
        soundfile.write(song, demo_song(RATE).mix[:, :SAMPLES].T, RATE, subtype="FLOAT")
        # Kept, whatever the environment says, but not in anybody's checkout.
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
        environments = {
            name: {**os.environ, **bytecode, "PYTHONPATH": str(checkout)}
            for name, checkout in builds.items()
        }
        for kind in args.kinds:
            words = (*COMMANDS[kind], str(song), *args.rtsep)
            figures[kind] = _figures(environments, words, args.pairs)
            print(f"{kind}: {figures[kind]}", flush=True)
    from bench.hardware import finish

    finish("start", figures, save=args.save)
    return 0


def _figures(builds: dict[str, dict[str, str]], words: Sequence[str], pairs: int) -> dict[str, Any]:
    """`builds` are the environments in which Python finds them."""
    processor: dict[str, list[float]] = {name: [] for name in builds}

    def run(name: str) -> Callable[[], float]:
        def timed() -> float:
            wall, used = first_stems(builds[name], words)
            processor[name].append(used)
            return wall

        return timed

    times = in_turn({name: run(name) for name in builds}, pairs)
    found: dict[str, Any] = {"pairs": pairs}
    for name, seconds in times.items():
        found[f"{name}_s"] = percentiles(seconds, ("p50", "max"), scale=1, digits=3)
        found[f"{name}_processor_s"] = round(statistics.median(processor[name]), 3)
    if "other" in times:
        found |= ratios(times["this"], times["other"])
    return found


def first_stems(environment: dict[str, str], words: Sequence[str]) -> tuple[float, float]:
    """Seconds of a command, and of the processor, all threads together."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "rtsep", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        (voice,) = Path(folder, "stems").rglob("*vocals*")
        assert soundfile.info(voice).frames == SAMPLES
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
