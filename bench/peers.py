"""Ours, `demucs` and the ONNX runtimes on the same window, in turn. Ratios are to `demucs` eager.

Each runs in a process of its own (`bench/worker.py` says why) with the same number of threads, and
a round asks one after the other for one call. What a call does, and what it does not, is said in
`bench/engines.py`. Before anything is timed, the stems are compared with those of `demucs` on the
same window: `agreement_db` is signal over difference, for steps of a stream over the hop that they
emit, to which `demucs` gives its residual as we do. Exact calls in fp32 differ by rounding; what
incremental mode and bf16 lose, they lose here too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection, Set
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from bench import engines
from bench.engines import Work
from bench.graph import PUBLISHED_SAMPLES, graph_for
from bench.hardware import finish
from bench.incremental import FRAME, RATE
from bench.turns import in_turn, percentiles, ratios
from bench.worker import Make, Worker
from rtsep.metrics import sdr

WINDOWS = (2.0, 7.8)  # seconds
DEMUCS = "demucs eager"
# Name: (what makes it, its further arguments).
OURS: dict[str, tuple[Make, tuple[str, ...]]] = {
    DEMUCS: (engines.demucs_eager, ()),
    "rtsep, whole window": (engines.whole_window, ("fp32",)),
    "rtsep, whole window, bf16": (engines.whole_window, ("bf16",)),
    "rtsep, exact step": (engines.stream_step, ("exact", "fp32", "eager")),
    "rtsep, exact step, bf16": (engines.stream_step, ("exact", "bf16", "eager")),
    "rtsep, incremental step, bf16": (engines.stream_step, ("incremental", "bf16", "eager")),
    "rtsep, incremental step, bf16, compiled": (
        engines.stream_step,
        ("incremental", "bf16", "compiled"),
    ),
}
# These get the graph before their arguments.
RUNTIMES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "ONNX Runtime": (engines.onnx_runtime, ()),
    "OpenVINO": (engines.open_vino, ("f32",)),
    "OpenVINO, bf16": (engines.open_vino, ("bf16",)),
}
PACKAGES = {"onnxruntime": ("ONNX Runtime",), "openvino": ("OpenVINO", "OpenVINO, bf16")}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=float, nargs="+", default=WINDOWS, help="seconds")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--peers", nargs="+", choices=[*OURS, *RUNTIMES], default=[*OURS, *RUNTIMES],
        metavar="NAME", help="beside demucs, by the names in the result",
    )  # fmt: skip
    parser.add_argument("--model", default="htdemucs", help="name, or path to a weights file")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    if missing := _missing(args.peers):
        print(
            f"{' and '.join(missing)} not installed: pip install -e '.[test]'",
            file=sys.stderr,
        )
        return 2
    windows = {}
    for seconds in args.windows:
        work = Work(samples=_samples(seconds), threads=torch.get_num_threads(), model=args.model)
        windows[f"{seconds:g}"] = compared(work, {DEMUCS, *args.peers}, args.rounds)
    finish("peers", {"versions": _versions(), "windows": windows}, save=args.save)
    return 0


def compared(work: Work, wanted: Set[str], rounds: int) -> dict[str, Any]:
    """The wanted peers on one window."""
    print(f"window of {work.samples / RATE:.1f} s", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kind, graph = graph_for(work, folder) if wanted & RUNTIMES.keys() else (None, None)
        given = {name: (work,) for name in OURS} | {name: (work, graph) for name in RUNTIMES}
        workers = {
            name: stack.enter_context(Worker(make, *given[name], *more))
            for name, (make, more) in (OURS | RUNTIMES).items()
            if name in wanted
        }
        agreement = agreements(work, workers)
        times = in_turn({name: worker.step for name, worker in workers.items()}, rounds)
        memory = {name: worker.memory() for name, worker in workers.items()}
    peers = {
        name: {"ms": percentiles(seconds, ("p50", "max"))}
        | ratios(seconds, times[DEMUCS])
        | {"agreement_db": agreement[name], "memory_mib": memory[name]}
        for name, seconds in times.items()
    }
    for name, found in peers.items():
        figures = {**found["ms"], "ratio": found["ratio"], "dB": found["agreement_db"]}
        print(f"  {name:32s}", "  ".join(f"{key} {value}" for key, value in figures.items()))
    return {"samples": work.samples, "rounds": rounds, "graph": kind, "peers": peers}


def agreements(work: Work, workers: dict[str, Worker]) -> dict[str, float | None]:
    """In dB, of what each gave first; nothing for `demucs` itself."""
    whole = on_frames = workers[DEMUCS].first_result
    frames = replace(work, samples=work.frames * FRAME)  # a stream's window holds whole ones
    if frames != work:
        with Worker(engines.demucs_eager, frames) as demucs:
            on_frames = demucs.first_result
    truths = {truth.shape: truth for truth in (whole, engines.emitted(frames, on_frames))}
    return {
        name: None if name == DEMUCS else round(sdr(truths[found.shape], found), 1)
        for name, found in ((name, worker.first_result) for name, worker in workers.items())
    }


def _missing(peers: Collection[str]) -> list[str]:
    """Packages that these peers need and that are not here."""
    return [
        package
        for package, names in PACKAGES.items()
        if not set(names).isdisjoint(peers) and find_spec(package) is None
    ]


def _versions() -> dict[str, str]:
    return {package: version(package) for package in PACKAGES if find_spec(package)}


def _samples(seconds: float) -> int:
    """Whole frames; the longest window is the one that the published graph is made for."""
    return min(round(seconds * RATE / FRAME) * FRAME, PUBLISHED_SAMPLES)


if __name__ == "__main__":
    sys.exit(main())
