"""A compiled step of incremental mode beside that of another build, in turn, on this processor and
on it held to fewer instructions.

Each build, way and processor is a process of its own with a cache of its own, in which the step is
compiled first if it is not there yet; `--caches` keeps them. A turn is the median of some steps.
`demucs` eager on the same window takes turns too. Window 2 s, hop 70 ms and lookahead 46 ms unless
said otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.hardware import finish
from bench.turns import in_turn, percentiles, ratios
from rtsep.weights.cache import default_folder

HERE = Path(__file__).parent.parent
WORKER = HERE / "bench" / "step_worker.py"
# What holds PyTorch, its compiler, oneDNN and MKL to the instructions of many laptops.
_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
PROCESSORS: dict[str, dict[str, str]] = {
    "native": {},
    "avx2": _AVX2 | {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "avx2_vnni": _AVX2 | {"ONEDNN_MAX_CPU_ISA": "AVX2_VNNI"},
}
THIS, OTHER, DEMUCS = "this", "other", "demucs"


class Worker:
    """Steps of one build in a process of its own, which waits until it is asked for one."""

    def __init__(self, checkout: Path, environment: dict[str, str], words: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER.read_text("utf-8"), *words],  # its folder is no path
            cwd=checkout,  # which comes first where Python looks for modules
            env=os.environ | environment | {"PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.told: dict[str, Any] = json.loads(self._line())

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def turn(self) -> float:
        """Seconds of a step."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a step's process ended with {self._process.wait()}")
        return line


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    figures: dict[str, Any] = {"settings": {"frames": args.frames, "pairs": args.pairs}}
    with tempfile.TemporaryDirectory() as folder:
        caches = args.caches or Path(folder)
        for processor in args.processors:
            figures[processor] = _figures(args, processor, caches)
            for name, row in figures[processor].items():
                print(f"{processor} {name}: {row}", flush=True)
    finish("step", figures, save=args.save)
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m bench.step",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--against", type=Path, help="a checkout of another build")
    made.add_argument("--model", default="htdemucs")
    made.add_argument("--pairs", type=int, default=30)
    made.add_argument("--processors", nargs="+", choices=PROCESSORS, default=list(PROCESSORS))
    made.add_argument("--precisions", nargs="+", default=["auto", "int8"], help="of this build")
    made.add_argument("--executors", nargs="+", default=["compiled"], help="and eager")
    made.add_argument("--frames", type=int, nargs=3, default=[86, 3, 2],
                      help="of window, hop and lookahead")  # fmt: skip
    made.add_argument("--caches", type=Path, help="a folder for caches with compiled steps")
    made.add_argument("--weights", type=Path, default=default_folder(),
                      help="a cache that has the model's weights")  # fmt: skip
    made.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return made


def _figures(args: argparse.Namespace, processor: str, caches: Path) -> dict[str, Any]:
    """Milliseconds of each way, its ratio to that of the other build, and what a package takes."""
    ways = [(THIS, HERE, precision, executor)
            for precision in args.precisions for executor in args.executors]  # fmt: skip
    if args.against:
        ways += [(OTHER, args.against.resolve(), "auto", each) for each in args.executors]
    with ExitStack() as stack:
        workers = {}
        for build, checkout, precision, executor in ways:
            cache = cache_of(args.weights, caches / f"{build}-{processor}")
            words = [args.model, precision, executor, str(cache), *map(str, args.frames)]
            worker = stack.enter_context(Worker(checkout, PROCESSORS[processor], words))
            workers[f"{build} {precision} {executor}"] = worker
        words = [args.model, "fp32", DEMUCS, "", *map(str, args.frames)]
        workers[DEMUCS] = stack.enter_context(Worker(HERE, PROCESSORS[processor], words))
        times = in_turn({name: each.turn for name, each in workers.items()}, args.pairs)
    found: dict[str, Any] = {}
    for name, seconds in times.items():
        found[name] = percentiles(seconds, ("p50", "p90", "max")) | workers[name].told
        found[name]["to_demucs"] = ratios(seconds, times[DEMUCS])["ratio"]
        peer = f"{OTHER} auto {name.split()[-1]}"
        if name.startswith(THIS) and peer in times:
            found[name] |= ratios(seconds, times[peer])
    return found


def cache_of(weights: Path, cache: Path) -> Path:
    """A cache with the weights, and whatever was compiled there."""
    if not cache.exists():
        shutil.copytree(weights, cache, ignore=shutil.ignore_patterns("compiled", "converted"))
    return cache


if __name__ == "__main__":
    sys.exit(main())
