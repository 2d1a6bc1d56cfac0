"""A roofline of an incremental step: operations and bytes of each module, the least time that they
take on this processor and on an H100, and what share of that limit is reached.

Counted are the calls of operators of one step (`bench.counting`), by the part of the network that
makes them (`bench.parts`). Two limits come from them:

floor         the larger of two times: operations over the rate of a large matrix product in their
              precision, and weights over the bandwidth of a large copy; as if nothing but weights
              ever left the caches
call by call  the sum over calls of the larger of the two times, with all that a call reads and
              writes, as if each went to memory; less is left to those who fuse calls, or whose
              caches keep what one call leaves for the next

Rates of this processor are measured here, those of the H100 are its data sheet's. Times of parts
are medians over steps that run call by call. Counts for the H100 are those of a processor's way
through the network in bf16; on a card a few calls are others. `card` is what a step on an H200
reached, by the results of the kit for cards, of the build and settings that it had.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, cast

import torch

import rtsep
from bench.counting import Call, Counter
from bench.hardware import RESULTS, finish
from bench.incremental import hops_of, step_clock
from bench.limits import H100, H200, LAUNCH_SECONDS, Machine, measured_rates
from bench.parts import Marks, Part, in_order
from bench.turns import in_turn, percentiles
from rtsep.engine.hops import HopStream
from rtsep.model.bag import Bag
from rtsep.setup.runtime import prepare_process

FRAME = 1024
WARM_UP = 3  # steps
WHOLE = ("step", "")
PERCENTILES = ("p50", "p90")
Times = dict[Part, float]  # seconds of parts
Row = dict[str, float | None]


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    prepare_process()
    torch.manual_seed(0)
    figures: dict[str, Any] = {"settings": {"model": args.model, "frames": args.frames}}
    for precision in args.precisions:
        figures[precision] = here(args, precision)
    figures["H100"] = table(counted(_hops(args, "bf16", "eager")), H100)
    _show(f"H100 by its data sheet, bf16: {H100.told()}", figures["H100"])
    if args.card:
        figures["card"] = card(json.loads(args.card.read_text("utf-8")))
        print(f"\n{args.card.stem}: {figures['card']}")
    finish("modules", figures, save=args.save)
    return 0


def here(args: argparse.Namespace, precision: str) -> dict[str, Any]:
    """Rates, whole steps and parts on this processor."""
    whole = _whole_steps(args, precision)
    hops = _hops(args, precision, "eager")
    calls = counted(hops)
    machine = measured_rates({call.dtype for call in calls if call.operations}, args.rows)
    modules = table(calls, machine, measured(hops, args.steps))
    _show(f"this processor, {precision}: {machine.told()}, a step {whole}", modules)
    return {"rates": machine.told(), "step_ms": whole, "modules": modules}


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m bench.modules",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--model", default="htdemucs")
    made.add_argument("--precisions", nargs="+", default=["auto", "int8"], help="here")
    made.add_argument("--frames", type=int, nargs=3, default=[86, 3, 2],
                      help="of window, hop and lookahead")  # fmt: skip
    made.add_argument("--steps", type=int, default=60, help="that are timed")
    made.add_argument("--rows", type=int, default=2048, help="of the matrices that give the rates")
    made.add_argument("--compiled", action="store_true",
                      help="time the compiled step too; compiles it first")  # fmt: skip
    made.add_argument(
        "--cache", type=Path, help="folder with the model's files, and compiled steps"
    )
    made.add_argument("--card", type=Path, default=newest_card(),
                      help="what the kit for cards brought back")  # fmt: skip
    made.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return made


def newest_card() -> Path | None:
    """Of an H200, as the kit for cards brings it back."""
    found = sorted(RESULTS.glob("card-h200-[0-9]*.json"))
    return found[-1] if found else None


def _hops(args: argparse.Namespace, precision: str, executor: str) -> HopStream:
    """With a full window."""
    separator = rtsep.load(
        args.model, device="cpu", precision=precision, executor=executor, cache=args.cache
    )
    window, hop, lookahead = (n * FRAME / separator.sample_rate for n in args.frames)
    hops = hops_of(separator, {"window": window, "hop": hop, "lookahead": lookahead,
                               "mode": "incremental"})  # fmt: skip
    hops.fill()
    return hops


def _whole_steps(args: argparse.Namespace, precision: str) -> dict[str, Any]:
    """Milliseconds of a step that nobody watches, in turn."""
    executors = ("eager", "compiled") if args.compiled else ("eager",)
    clocks = {each: step_clock(_hops(args, precision, each)) for each in executors}
    times = in_turn(clocks, args.steps, warm_up=3)
    return {name: percentiles(each, PERCENTILES, digits=2) for name, each in times.items()}


def counted(hops: HopStream) -> list[Call[Part]]:
    """The calls of a step that is like all later ones. The stream runs call by call."""
    network, block = _network(hops), _block(hops)
    hops.step(block)  # the first one makes its memory
    with Marks(network) as marks:
        counter = Counter(network, lambda: marks.part)
        with counter:
            hops.step(block)
    return counter.calls


def measured(hops: HopStream, steps: int) -> Times:
    """Median seconds of each part, and of the whole."""
    block = _block(hops)
    found: list[Times] = []
    for _ in range(WARM_UP):
        hops.step(block)
    with Marks(_network(hops)) as marks:
        for _ in range(steps):
            marks.begin()
            hops.step(block)
            found.append(marks.end())
    medians = {part: median(each[part] for each in found) for part in found[0]}
    return medians | {WHOLE: median(sum(each.values()) for each in found)}


def _network(hops: HopStream) -> Bag:
    return cast("Bag", hops._step.network)


def _block(hops: HopStream) -> torch.Tensor:
    return 0.1 * torch.randn(hops.batch, hops.channels, hops.spec.hop)


def table(
    calls: Sequence[Call[Part]], machine: Machine, taken: Times | None = None
) -> dict[str, dict[str, Row]]:
    """Rows of parts by module, of modules, and of the step."""
    found: dict[str, dict[str, Row]] = {}
    for module, part in in_order({call.part for call in calls}):
        mine = [call for call in calls if call.part == (module, part)]
        seconds = taken[module, part] if taken else None
        found.setdefault(module, {})[part] = row(mine, machine, seconds)
    for module, parts in found.items():
        mine = [call for call in calls if call.part[0] == module]
        spent = sum(taken[module, part] for part in parts) if taken else None
        parts["all"] = row(mine, machine, spent)
    found[WHOLE[0]] = {"all": row(calls, machine, taken[WHOLE] if taken else None)}
    return found


def row(calls: Sequence[Call[Part]], machine: Machine, seconds: float | None = None) -> Row:
    """What calls cost, and how long they take at least; shares only of what was measured."""
    floor, limit = machine.floor(calls), machine.call_by_call(calls)
    found: Row = {
        "GFLOP": round(sum(call.operations for call in calls) / 1e9, 4),
        "weights_MB": round(sum(call.weight_bytes for call in calls) / 1e6, 3),
        "activations_MB": round(sum(call.bytes for call in calls) / 1e6, 3),
        "calls": len(calls),
        "floor_ms": round(1000 * floor, 4),
        "call_by_call_ms": round(1000 * limit, 4),
    }
    if seconds is None:
        return found | {"launches_ms": round(1000 * LAUNCH_SECONDS * len(calls), 4)}
    return found | {
        "measured_ms": round(1000 * seconds, 3),
        "share_of_floor": round(floor / seconds, 3),
        "share": round(limit / seconds, 3),
        "us_per_call": round(1e6 * seconds / len(calls), 1),
    }


def card(results: dict[str, Any]) -> dict[str, Any]:
    """What share of its limits a step in bf16 reached on an H200, by the results of its kit."""
    stages = {name: stage["figures"] for name, stage in results["stages"].items()}
    counted = stages["roofline"]["incremental, bf16"]
    step = stages["turns"]["turns"]["incremental, bf16, graph"]["p50"]
    operations = 1e12 * counted["GFLOP"] / H200.rates[torch.bfloat16]
    weights = 1e9 * counted["MB of weights"] / H200.bandwidth
    return {
        "gpu": results["hardware"]["gpu"],
        "GFLOP": counted["GFLOP"],
        "weights_MB": counted["MB of weights"],
        "floor_ms": {"operations": round(operations, 4), "weights": round(weights, 4)},
        "step_ms": step,
        "kernels": counted["launches"],
        "us_per_kernel": {"alone": round(1000 * counted["kernels_ms"] / counted["launches"], 2),
                          "step": round(1000 * step / counted["launches"], 2)},
        "share_of_floor": round(max(operations, weights) / step, 5),
    }  # fmt: skip


def _show(title: str, rows: dict[str, dict[str, Row]]) -> None:
    print(f"\n{title}")
    columns = list(rows[WHOLE[0]]["all"])
    print(f"{'':44s}" + " ".join(f"{column:>15s}" for column in columns))
    for module, parts in rows.items():
        for part, found in parts.items():
            values = " ".join(f"{found[column]:15}" for column in columns)
            print(f"{module + ': ' + part:44s}{values}")


if __name__ == "__main__":
    sys.exit(main())
