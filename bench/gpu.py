"""A whole step on a CUDA card, beside `demucs` eager on the same window: skips without a card.

Window 2 s, hop 23 ms, lookahead 46 ms. `turns`: every mode, precision and executor runs a step in
turn with the peer. `exact` and `incremental`: one way alone for many steps, since the tail is what
counts, back to back and at the pace of a live session. `streams`: batches grow until a step no
longer fits into the hop. `--device cpu` shows that all of it runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bench.hardware import finish
from bench.incremental import step_clock
from bench.turns import Clock, clock, in_turn, percentiles
from bench.ways import FRAME, MODES, WINDOW, Figures, Ways, parser, ready
from rtsep.config import PACE
from rtsep.engine.hops import HopStream
from tests.music import mixture

STREAMS = (1, 2, 4, 8, 16, 32, 64)
SOME_ROUNDS = 20
PERCENTILES = ("p50", "p99", "p99.9", "max")
STREAM_SECONDS = 2.0  # of a batch, at most
MIB = 1 << 20


def main(argv: list[str] | None = None) -> int:
    arguments = parser(__doc__)
    arguments.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all without a name")
    arguments.add_argument("--rounds", type=int, default=100, help="in turn with the peer")
    arguments.add_argument("--steps", type=int, default=20_000, help="alone, for the tail")
    arguments.add_argument("--seconds", type=float, default=1e6, help="at most, for those steps")
    arguments.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = arguments.parse_args(argv)
    if (prepared := ready(args)) is None:
        return 0
    ways, figures = prepared
    for name in args.parts or PARTS:
        PARTS[name](ways, figures, args)
    if args.save:
        finish("gpu", figures.found, save=True)
    return 0


def turns(ways: Ways, figures: Figures, args: Any) -> None:
    """Milliseconds of each way and of the peer, and how many times faster than that it is."""
    window = torch.from_numpy(mixture(2.0))[None, :, : WINDOW * FRAME].float()
    clocks: dict[str, Clock] = {name: clock(act) for name, act in ways.peers(window).items()}
    for mode in MODES:
        for precision in ways.precisions:
            for executor in ways.executors:
                name = f"{mode}, {precision}, {executor}"
                _add_clock(clocks, figures, name, lambda m=mode, p=precision, e=executor: (  # type: ignore[misc]
                    ways.hops(m, p, e)
                ))  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for first in range(0, args.rounds, SOME_ROUNDS):  # so that figures are there if time runs out
        rounds = min(SOME_ROUNDS, args.rounds - first)
        found = in_turn(clocks, rounds, warm_up=0 if first else 5)
        for name, values in found.items():
            times[name] += values
        figures.note("turns", _compared(times) | {"rounds": first + rounds})
    _note_memory(ways, figures, "all ways")


def _add_clock(
    clocks: dict[str, Clock], figures: Figures, name: str, make: Callable[[], HopStream]
) -> None:
    """A way that cannot be made or run is told of, and left out."""
    try:
        clocks[name] = step_clock(make())
        clocks[name]()
    except Exception as error:
        clocks.pop(name, None)
        figures.note(f"failed: {name}", f"{type(error).__name__}: {error}"[:2000])


def _compared(times: dict[str, list[float]]) -> dict[str, Any]:
    medians = {name: float(np.median(values)) for name, values in times.items()}
    strict = medians.get("demucs, fp32", medians["demucs"])
    return {
        name: _figures(values)
        | {
            "times_faster": round(medians["demucs"] / medians[name], 2),
            "times_faster_than_fp32": round(strict / medians[name], 2),
        }
        for name, values in times.items()
    }


def alone(mode: str) -> Callable[[Ways, Figures, Any], None]:
    def part(ways: Ways, figures: Figures, args: Any) -> None:
        stream = ways.hops(mode, *ways.best)
        name = ", ".join((mode, *ways.best))
        _note_memory(ways, figures, name)
        figures.attempt(f"{name}, paced", lambda: _paced(stream, min(args.steps, 300)))
        figures.attempt(name, lambda: _steps(stream, args.steps, args.seconds))

    return part


def _steps(stream: HopStream, steps: int, seconds: float) -> dict[str, Any]:
    """Back to back, as many as there is time for."""
    act = step_clock(stream)
    times: list[float] = []
    for _ in range(min(100, steps)):
        act()
    until = time.perf_counter() + seconds
    while len(times) < steps and time.perf_counter() < until:
        times.append(act())
    return _figures(times) | {"steps": len(times)}


def _paced(stream: HopStream, steps: int) -> dict[str, Any]:
    """As a live session asks for them: one a hop, with a rest in between."""
    act, times = step_clock(stream), []
    hop = stream.spec.hop / stream.spec.sample_rate
    due = time.perf_counter()
    for _ in range(steps):
        times.append(act())
        due += hop
        time.sleep(max(due - time.perf_counter(), 0))
    return _figures(times) | {"steps": len(times)}


def streams(ways: Ways, figures: Figures, args: Any) -> None:
    """Step times of batches, and the largest that holds real time, for every mode."""
    precision, executor = ways.best
    for mode in MODES:
        separator = ways.separator(precision, executor)
        spec = ways.spec(mode)
        held = 0
        for batch in STREAMS:
            name = f"{mode}, {batch} streams"
            figures.attempt(name, lambda b=batch, s=separator, p=spec: _steps(  # type: ignore[misc]
                HopStream(s._bag, p, batch=b, device=s.device, precision=s.precision,
                          executor=executor),
                min(args.steps, 400), STREAM_SECONDS,
            ))  # fmt: skip
            slowest = figures.found[name].get("p99.9", np.inf)
            if slowest > 1000 * PACE * spec.hop / spec.sample_rate:
                break
            held = batch
        figures.note(f"{mode}, streams held", held)
        _note_memory(ways, figures, f"{mode}, streams")


def _note_memory(ways: Ways, figures: Figures, name: str) -> None:
    """The most that tensors took on the card since the last note."""
    if ways.on_card:
        figures.note(f"MiB of {name}", round(torch.cuda.max_memory_allocated() / MIB))
        torch.cuda.reset_peak_memory_stats()


def _figures(seconds: list[float]) -> dict[str, float]:
    return percentiles(seconds, PERCENTILES, digits=3)


PARTS: dict[str, Callable[[Ways, Figures, Any], None]] = {
    "turns": turns,
    "exact": alone("exact"),
    "incremental": alone("incremental"),
    "streams": streams,
}


if __name__ == "__main__":
    sys.exit(main())
