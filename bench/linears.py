"""The transformer's linear layers of one incremental step in several number formats, on the CPU.

All layers of a step run one after the other, on as many tokens as the step computes, in turn:
fp32 and bf16 as PyTorch has them and with weights packed as rtsep runs them, int8 as rtsep has it
and as `torch.ao` has it (what PyTorch calls dynamic quantization). `snr_db` is how near
their outputs are to fp32, on inputs like those behind a layer norm, averaged over the layers.
"""

from __future__ import annotations

import argparse
import copy
import sys
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

import rtsep
from bench.hardware import finish
from bench.turns import clock, in_turn, percentiles, ratios
from rtsep.metrics import sdr
from rtsep.model.packed import PackedLinear, pack
from rtsep.model.quantized import QuantizedLinear
from rtsep.setup.runtime import prepare_process

FRAMES = 17  # that a step refreshes at a hop of 186 ms
TOKENS = {"freq": 8, "time": 4}  # of a frame, by branch
PERCENTILES = ("p50", "p90", "max")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--model", default="htdemucs")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(arguments)
    prepare_process()
    torch.manual_seed(0)
    layers, inputs = transformer_layers(args.model)
    ways = in_formats(layers)
    given = {name: [x.bfloat16() if "bf16" in name else x for x in inputs] for name in ways}
    with torch.inference_mode():
        clocks = {
            name: clock(lambda name=name: run(ways[name], given[name]))  # type: ignore[misc]
            for name in ways
        }
        times = in_turn(clocks, args.rounds, warm_up=5)
        near = {name: nearness(ways["fp32"], ways[name], inputs, given[name]) for name in ways}
    packed = times["bf16, packed"]
    figures = {
        name: percentiles(values, PERCENTILES, digits=2)
        | {"to_packed": ratios(values, packed)["ratio"], "snr_db": near[name]}
        for name, values in times.items()
    }
    for name, row in figures.items():
        print(f"{name:14s} {row}", flush=True)
    finish(
        "linears",
        {"layers": len(layers), "rounds": args.rounds, "formats": figures},
        save=args.save,
    )
    return 0


def transformer_layers(model: str) -> tuple[list[nn.Linear], list[Tensor]]:
    """Those of the model, in their order, and noise for each: (1, tokens, width)."""
    cross = rtsep.load(model, device="cpu")._bag.networks[0].cross
    layers, inputs = [], []
    for name, module in cross.named_modules():
        if isinstance(module, PackedLinear):
            layer = module.plain()
            tokens = FRAMES * TOKENS[name.partition("_")[0]]
            layers.append(layer)
            inputs.append(torch.randn(1, tokens, layer.in_features))
    return layers, inputs


def in_formats(layers: Sequence[nn.Linear]) -> dict[str, list[nn.Module]]:
    plain = [copy.deepcopy(layer).bfloat16() for layer in layers]
    packed = [nn.ModuleList(copy.deepcopy(layer) for layer in each) for each in (layers, plain)]
    for each in packed:
        pack(each)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a successor is announced, outside of PyTorch
        quantized = torch.ao.quantization.quantize_dynamic(
            nn.ModuleList(copy.deepcopy(layer) for layer in layers), {nn.Linear}, torch.qint8
        )
    return {
        "fp32": list(layers),
        "fp32, packed": list(packed[0]),
        "bf16": list(plain),
        "bf16, packed": list(packed[1]),
        "int8": [QuantizedLinear(layer, torch.float32) for layer in layers],
        "int8, dynamic": list(quantized),
    }


def run(layers: Sequence[nn.Module], inputs: Sequence[Tensor]) -> None:
    for layer, x in zip(layers, inputs, strict=True):
        layer(x)


def nearness(
    truth: Sequence[nn.Module],
    layers: Sequence[nn.Module],
    inputs: Sequence[Tensor],
    given: Sequence[Tensor],
) -> float | None:
    """None for the same layers."""
    if truth is layers:
        return None
    near = [
        sdr(true(x).numpy(), layer(y).float().numpy())
        for true, layer, x, y in zip(truth, layers, inputs, given, strict=True)
    ]
    return round(sum(near) / len(near), 1)


if __name__ == "__main__":
    sys.exit(main())
