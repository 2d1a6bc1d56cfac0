"""A step of whichever build Python finds, timed when asked for: the other end of `bench.step`.

    step_worker.py MODEL PRECISION compiled|eager|demucs CACHE WINDOW HOP LOOKAHEAD     in frames

Tells on the first line, as JSON, what compiling took; then for each line that comes in the median
seconds of some steps. Uses of rtsep what all builds have, since it must run older ones.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

STEPS = 10
FRAME = 1024
MIB = 1 << 20


def main() -> None:
    model, precision, executor, cache, *frames = sys.argv[1:]
    window, hop, lookahead = map(int, frames)
    told: dict[str, Any] = {}
    _prepare()
    step: Callable[[], object]
    if executor == "demucs":
        step, times = _demucs(model, window), 1
    else:
        step, told = _ours(model, precision, executor, Path(cache), (window, hop, lookahead))
        times = STEPS
    with torch.inference_mode():
        for _ in range(times):
            step()
        print(json.dumps(told), flush=True)
        for _ in sys.stdin:
            print(statistics.median(_timed(step) for _ in range(times)), flush=True)


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _prepare() -> None:
    """As the program does; builds keep that in different places."""
    for name in ("rtsep.setup.runtime", "rtsep.session.runtime"):
        try:
            importlib.import_module(name).prepare_process()
            return
        except ModuleNotFoundError:
            continue


def _ours(
    model: str, precision: str, executor: str, cache: Path, frames: tuple[int, int, int]
) -> tuple[Callable[[], object], dict[str, Any]]:
    import rtsep

    separator = rtsep.load(model, device="cpu", precision=precision, executor=executor, cache=cache)
    window, hop, lookahead = (n * FRAME / separator.sample_rate for n in frames)
    spec = separator.spec(window=window, hop=hop, lookahead=lookahead, mode="incremental")
    told: dict[str, Any] = {"refresh": spec.refresh // FRAME}
    if executor == "compiled" and not separator.is_compiled(spec):
        began = time.perf_counter()
        path = separator.compile(spec)
        told["compile_s"] = round(time.perf_counter() - began, 1)
        told["package_mib"] = round(path.stat().st_size / MIB, 2)
    hops: Any = separator.hops(spec)
    hops._cores = None  # what others used in their turns is no reason to leave them processors
    hops.fill()
    block = 0.1 * torch.randn(1, 2, spec.hop)
    return lambda: hops.step(block), told


def _demucs(model: str, window: int) -> Callable[[], object]:
    from bench.quality import reference_demucs

    network = reference_demucs(model, use_train_segment=False)
    mix = 0.1 * torch.randn(1, 2, window * FRAME)
    return lambda: network(mix)


if __name__ == "__main__":
    main()
