"""Attention in bf16 on the CPU: PyTorch's fused kernel against plain products; time and fidelity.

Queries are the tokens of the spectrum that an incremental step computes at a hop of 186 ms; keys
those of a window. Each way computes the same noise, in turn. `snr_db` is how near a way is to the
fused kernel in fp32.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.hardware import finish
from bench.turns import clock, in_turn, percentiles, ratios
from rtsep.metrics import sdr
from rtsep.model.attention import by_products, products_are_faster
from rtsep.setup.runtime import prepare_process

QUERIES, PER_FRAME = 136, 8
WINDOWS = {"2 s": 86, "7.8 s": 335}  # frames
HEADS, WIDTH = 8, 64
PERCENTILES = ("p50", "p90", "max")
WAYS = {"fused": F.scaled_dot_product_attention, "products": by_products}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(arguments)
    prepare_process()
    torch.manual_seed(0)
    figures = {name: compare(frames * PER_FRAME, args.rounds) for name, frames in WINDOWS.items()}
    for window, ways in figures.items():
        for way, row in ways.items():
            print(f"{window:6s} {way:9s} {row}", flush=True)
    finish(
        "attention",
        {"rounds": args.rounds, "rtsep_takes_products": products_are_faster(), "windows": figures},
        save=args.save,
    )
    return 0


@torch.inference_mode()
def compare(keys: int, rounds: int) -> dict[str, dict[str, Any]]:
    exact = [torch.randn(1, HEADS, tokens, WIDTH) for tokens in (QUERIES, keys, keys)]
    rounded = [x.bfloat16() for x in exact]
    truth = F.scaled_dot_product_attention(*exact).numpy()
    clocks = {name: clock(lambda way=way: way(*rounded)) for name, way in WAYS.items()}  # type: ignore[misc]
    times = in_turn(clocks, rounds, warm_up=5)
    return {
        name: percentiles(values, PERCENTILES, digits=2)
        | {
            "to_fused": ratios(values, times["fused"])["ratio"],
            "snr_db": nearness(truth, WAYS[name](*rounded)),
        }
        for name, values in times.items()
    }


def nearness(truth: Any, got: Tensor) -> float:
    return round(sdr(truth, got.float().numpy()), 1)


if __name__ == "__main__":
    sys.exit(main())
