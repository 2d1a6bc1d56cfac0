"""What a step must cost at least, and where its time goes: operations, bytes, launches, kernels.

The floor is the larger of two times: operations over the rate of a large matrix product, and bytes
that have to be read over the bandwidth of a large copy, both measured here. Kernels are those of a
step call by call; a graph replays the same ones without the gaps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.autograd.profiler_util import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from bench.incremental import step_clock
from bench.ways import MODES, Ways, parser, ready
from rtsep.engine.precision import choose_precision, products_in

TOP = 15  # kernels that are named
ROUNDS = 20


def main(argv: list[str] | None = None) -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=8192, help="of the matrices")
    arguments.add_argument("--profiled", type=int, default=5, help="steps")
    args = arguments.parse_args(argv)
    if (prepared := ready(args)) is None:
        return 0
    ways, figures = prepared
    figures.attempt("GB/s of a copy", lambda: _bandwidth(ways, args.rows))
    for precision in ways.precisions:
        figures.attempt(f"TFLOP/s, {precision}", lambda p=precision: _rate(ways, p, args.rows))  # type: ignore[misc]
    for mode in MODES:
        for precision in ways.precisions:
            name = f"{mode}, {precision}"
            figures.attempt(name, lambda m=mode, p=precision, f=figures: (  # type: ignore[misc]
                _step(ways, m, p, f.found, args.profiled)
            ))  # fmt: skip
    return 0


def _step(
    ways: Ways, mode: str, precision: str, ceilings: dict[str, Any], steps: int
) -> dict[str, Any]:
    hops = ways.hops(mode, precision, "eager")
    step = step_clock(hops)
    step()
    with FlopCounterMode(display=False) as counter:
        step()
    operations = counter.get_total_flops()
    weights = sum(t.numel() * t.element_size() for t in hops._step.network.parameters())  # type: ignore[attr-defined]
    return {
        "GFLOP": round(operations / 1e9, 2),
        "MB of weights": round(weights / 1e6, 1),
        "floor_ms": {
            "operations": _milliseconds(operations / 1e12, ceilings[f"TFLOP/s, {precision}"]),
            "bytes": _milliseconds(weights / 1e9, ceilings["GB/s of a copy"]),
        },
        **_kernels(ways, step, steps),
    }


def _milliseconds(work: float, rate: Any) -> float | None:
    """None if the rate could not be measured."""
    return round(1000 * work / rate, 4) if isinstance(rate, float) else None


def _kernels(ways: Ways, step: Callable[[], float], steps: int) -> dict[str, Any]:
    """How many a step launches, how long they run, and which take longest."""
    kind = ProfilerActivity.CUDA if ways.on_card else ProfilerActivity.CPU
    with profile(activities=[kind]) as profiled:
        for _ in range(steps):
            step()
    where = DeviceType.CUDA if ways.on_card else DeviceType.CPU
    events = [e for e in profiled.key_averages() if e.device_type == where]
    cost = {
        e.key: (e.self_device_time_total if ways.on_card else e.self_cpu_time_total) for e in events
    }
    longest = sorted(events, key=lambda e: cost[e.key], reverse=True)[:TOP]
    return {
        "launches": round(sum(e.count for e in events) / steps),
        "kernels_ms": round(sum(cost.values()) / steps / 1000, 3),
        "longest_us": {
            e.key[:90]: {"us": round(cost[e.key] / steps, 1), "times": e.count / steps}
            for e in longest
        },
    }


def _bandwidth(ways: Ways, rows: int) -> float:
    """GB/s of a copy within the device, read and written."""
    source = torch.randn(4 * rows, rows, device=ways.device)
    target = torch.empty_like(source)
    seconds = _median(ways, lambda: target.copy_(source))
    return round(2 * source.numel() * source.element_size() / seconds / 1e9, 1)


def _rate(ways: Ways, precision: str, rows: int) -> float:
    """TFLOP/s of a product of random square matrices."""
    chosen = choose_precision(precision, ways.device)
    a, b = (torch.randn(rows, rows, device=ways.device, dtype=chosen.dtype) for _ in range(2))
    with products_in(chosen, ways.device):
        return round(2 * rows**3 / _median(ways, lambda: a @ b) / 1e12, 3)


def _median(ways: Ways, act: Callable[[], object]) -> float:
    """Seconds."""
    times = []
    for _ in range(ROUNDS):
        ways.wait()
        began = time.perf_counter()
        act()
        ways.wait()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


if __name__ == "__main__":
    sys.exit(main())
