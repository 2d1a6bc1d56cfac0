"""What a step costs against the window, against the number of streams, and in memory.

`window` and `streams` run one step of each way in turn, all in one process. `memory` makes each way
in a process of its own and looks at what is resident there after 20 steps: what the imports alone
need, what there is now, and the peak so far, which contains the loading of the weights. bf16 is
left out where the processor does not multiply it fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import torch

import rtsep
from bench import engines
from bench.engines import FRAME, Work
from bench.hardware import finish
from bench.incremental import HOP, LONG_WINDOW, WINDOW, hops_of, settings, step_clock
from bench.quality import reference_demucs
from bench.turns import Clock, clock, in_turn, percentiles, ratios
from bench.worker import Make, Worker
from rtsep.engine.precision import BF16, choose_precision
from rtsep.setup.runtime import prepare_process

WINDOWS = {"1": 43, "2": WINDOW, "4": 172, "7.8": LONG_WINDOW}  # seconds: frames
SHORT, LONG = "2", "7.8"  # those of `streams` and `memory`
STREAMS = (1, 2, 4, 8)
PERCENTILES = ("p50", "p90", "max")
STEPS = 20  # before memory is looked at
DEMUCS = "demucs eager"
WAYS = {
    "exact": ("exact", "fp32"),
    "incremental": ("incremental", "fp32"),
    "incremental, bf16": ("incremental", "bf16"),
}

Figures = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["all", *PARTS], default="all")
    parser.add_argument("--rounds", type=int, default=10, help="of window and streams")
    parser.add_argument("--windows", nargs="+", choices=WINDOWS, default=[*WINDOWS], metavar="S")
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS, metavar="N")
    parser.add_argument("--model", default="htdemucs", help="name, or path to a weights file")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    prepare_process()
    precisions = ["fp32"]
    if choose_precision("auto", torch.device("cpu")) is BF16:
        precisions.append("bf16")
    for part in PARTS if args.what == "all" else [args.what]:
        finish(f"cost-{part}", PARTS[part](args, precisions), save=args.save)
    return 0


@torch.inference_mode()
def against_window(args: argparse.Namespace, precisions: list[str]) -> Figures:
    """Every way with every window: milliseconds, and ratios to `demucs`."""
    loaded = {
        p: rtsep.load(args.model, device="cpu", precision=p, executor="eager") for p in precisions
    }
    demucs = reference_demucs(args.model, use_train_segment=False)
    clocks: dict[tuple[str, str], Clock] = {}
    for window in args.windows:
        mix = engines.music(WINDOWS[window] * FRAME).contiguous()
        clocks[DEMUCS, window] = clock(lambda mix=mix: demucs(mix))
        for way, (mode, precision) in WAYS.items():
            if precision in loaded:
                hops = hops_of(loaded[precision], settings(WINDOWS[window], HOP, mode))
                clocks[way, window] = step_clock(hops)
    times = in_turn(clocks, args.rounds)
    found: Figures = {way: {} for way, _ in clocks}
    for (way, window), seconds in times.items():
        compared = ratios(seconds, times[DEMUCS, window])
        found[way][window] = {"ms": percentiles(seconds, PERCENTILES)} | compared
        print(f"{way:20s} {window:>4s} s  ", found[way][window], flush=True)
    return {"hop_samples": HOP * FRAME, "rounds": args.rounds, "window_s": found}


def against_streams(args: argparse.Namespace, precisions: list[str]) -> Figures:
    """Incremental mode: streams in one batch, and each by itself one after the other."""
    separator = rtsep.load(args.model, device="cpu", precision=precisions[-1], executor="eager")
    chosen = settings(WINDOWS[SHORT], HOP, "incremental")
    clocks: dict[tuple[str, int], Clock] = {}
    for count in args.streams:
        clocks["one batch", count] = step_clock(separator.stream(batch=count, **chosen)._hops)
        each = [step_clock(hops_of(separator, chosen)) for _ in range(count)]
        clocks["one after the other", count] = _one_by_one(each)
    times = in_turn(clocks, args.rounds)
    found: Figures = {way: {} for way, _ in clocks}
    for (way, count), seconds in times.items():
        found[way][str(count)] = {"ms": percentiles(seconds, PERCENTILES)}
        print(f"{way:20s} {count:3d} streams  ", found[way][str(count)], flush=True)
    return {
        "precision": precisions[-1],
        "window_s": float(SHORT),
        "hop_samples": HOP * FRAME,
        "rounds": args.rounds,
        "streams": found,
    }


def in_memory(args: argparse.Namespace, precisions: list[str]) -> Figures:
    """MiB resident, way by way."""
    threads, found = torch.get_num_threads(), {}
    for name, (make, window, more) in _memory_ways(args, precisions).items():
        work = Work(samples=WINDOWS[window] * FRAME, threads=threads, model=args.model)
        with Worker(make, work, *more) as worker:
            for _ in range(STEPS - 1):
                worker.step()
            found[name] = worker.memory()
        print(f"{name:48s}", found[name], flush=True)
    return {"steps": STEPS, "mib": found}


def _memory_ways(
    args: argparse.Namespace, precisions: list[str]
) -> dict[str, tuple[Make, str, tuple[Any, ...]]]:
    """Name: what makes it, its window, its further arguments."""
    ways: dict[str, tuple[Make, str, tuple[Any, ...]]] = {}
    for precision in precisions:
        for mode, window in (("exact", SHORT), ("incremental", SHORT), ("incremental", LONG)):
            name = f"{mode}, {precision}, window {window} s"
            ways[name] = (engines.streams, window, (mode, precision))
    for count in args.streams:
        if count > 1:
            best = ("incremental", precisions[-1])
            ways[f"{count} streams in one batch"] = (engines.streams, SHORT, (*best, count))
            ways[f"{count} streams by themselves"] = (engines.streams, SHORT, (*best, 1, count))
    for window in (SHORT, LONG):
        ways[f"{DEMUCS}, window {window} s"] = (engines.demucs_eager, window, ())
    return ways


def _one_by_one(clocks: list[Clock]) -> Clock:
    return lambda: sum(take_time() for take_time in clocks)


PARTS: dict[str, Callable[[argparse.Namespace, list[str]], Figures]] = {
    "window": against_window,
    "streams": against_streams,
    "memory": in_memory,
}

if __name__ == "__main__":
    sys.exit(main())
