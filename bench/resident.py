"""What a live session keeps in memory while it plays, in turn with another build.

A session is the whole command, `rtsep --input demo --output null --pace realtime`, with the
settings of a compiled step of two seconds. Once it has played for some seconds, the proportional
set sizes of all its processes are summed: memory that several share counts once. With `--against
CHECKOUT` another build takes turns with this one. Each has a cache of its own, in which the step is
compiled first if it is not there yet; `--caches` keeps them. For Linux.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.hardware import finish
from bench.step import HERE, OTHER, THIS, cache_of
from bench.turns import ratios
from rtsep.weights.cache import default_folder

MIB = 1 << 10  # in kB
STEP = ("--window", "2", "--hop", "70", "--lookahead", "46", "--mode", "incremental")
SESSION = ("--input", "demo", "--loop", "--output", "null", "--pace", "realtime", "--ui", "plain")
PLAYS = "running"  # what a line begins with that a session writes every second
SECONDS = 8  # of them, before memory is looked at
_TORCH = "libtorch_cpu"

Sizes = dict[str, float]  # MiB, by kind of process


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    builds = {THIS: HERE} | ({OTHER: args.against.resolve()} if args.against else {})
    found: dict[str, list[Sizes]] = {name: [] for name in builds}
    with tempfile.TemporaryDirectory() as folder:
        words = {
            name: _words(args, cache_of(args.weights, (args.caches or Path(folder)) / name))
            for name in builds
        }
        if args.executor == "compiled":
            for name, checkout in builds.items():
                if code := _run(checkout, ("compile", *words[name], *STEP)).wait():
                    raise RuntimeError(f"compiling ended with code {code}")
        for _ in range(args.pairs):
            for name, checkout in builds.items():
                session = (*SESSION, *STEP, *words[name], "--executor", args.executor)
                found[name].append(resident(checkout, session))
                print(f"{name}: {found[name][-1]}", flush=True)
    figures = {name: _medians(sizes) for name, sizes in found.items()}
    if OTHER in found:
        sums = ([sum(sizes.values()) for sizes in found[name]] for name in (THIS, OTHER))
        figures |= ratios(*sums)
    settings = {"executor": args.executor, "precision": args.precision, "pairs": args.pairs}
    finish("resident", {"settings": settings, "mib": figures}, save=args.save)
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.resident", description=__doc__)
    made.add_argument("--against", type=Path, help="a checkout of another build")
    made.add_argument("--model", default="htdemucs")
    made.add_argument("--precision", default="auto")
    made.add_argument("--executor", choices=["compiled", "eager"], default="compiled")
    made.add_argument("--pairs", type=int, default=3)
    made.add_argument("--caches", type=Path, help="a folder for caches with compiled steps")
    made.add_argument("--weights", type=Path, default=default_folder(),
                      help="a cache that has the model's weights")  # fmt: skip
    made.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return made


def _words(args: argparse.Namespace, cache: Path) -> tuple[str, ...]:
    return "--model", args.model, "--precision", args.precision, "--cache", str(cache)


def resident(checkout: Path, words: Sequence[str]) -> Sizes:
    """Of a session, once it has played for some seconds, and of all its processes together."""
    with _session(checkout, words) as (session, lines):
        playing = (line for line in lines if line.startswith(PLAYS))
        for _ in range(SECONDS):
            if next(playing, None) is None:
                raise RuntimeError(f"the session ended before it had played: {session.wait()}")
        sizes: Sizes = {}
        family = psutil.Process(session.pid)
        for process in (family, *family.children(recursive=True)):
            kind = _kind(process, family)
            sizes[kind] = sizes.get(kind, 0) + _proportional(process)
    return {kind: round(size, 1) for kind, size in sizes.items()}


@contextmanager
def _session(
    checkout: Path, words: Sequence[str]
) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """It, and the lines that it writes."""
    process = _run(checkout, words, stderr=subprocess.PIPE)
    assert process.stderr
    try:
        yield process, iter(process.stderr)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def _run(checkout: Path, words: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    """A command of the build; no folder is looked through for modules but its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "rtsep", *words],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        text=True,
        **more,
    )


def _kind(process: psutil.Process, family: psutil.Process) -> str:
    """The engine is the one that has PyTorch."""
    if process == family:
        return "session"
    has_torch = any(_TORCH in each.path for each in process.memory_maps())
    return "engine" if has_torch else "others"


def _proportional(process: psutil.Process) -> float:
    """MiB. Each page counts by the share that the process has in it."""
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / MIB


def _medians(found: Sequence[Sizes]) -> Sizes:
    kinds = {kind: [sizes.get(kind, 0.0) for sizes in found] for sizes in found for kind in sizes}
    sizes = {kind: round(statistics.median(values), 1) for kind, values in kinds.items()}
    return sizes | {"sum": round(statistics.median(sum(each.values()) for each in found), 1)}


if __name__ == "__main__":
    sys.exit(main())
