"""In which number format a network multiplies, and which one is faster here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from rtsep.config import PRECISIONS
from rtsep.errors import ConfigError
from rtsep.machine import processor_features

_SIZE = 512  # of the matrices that are tried, about those of the transformer
_VNNI = {"avx512_vnni", "avx_vnni"}  # as Linux calls it
_ROUNDS = 25  # in turn, so that other programs disturb both and the choice is the same every time
_WORTH_IT = 0.7  # of the time in float32, for which precision is given away


@dataclass(frozen=True)
class Precision:
    """Of convolutions and matrix products; spectra and norms are float32 in all of them.

    With `tf32` a CUDA card rounds the factors of float32 products to 10 bits of mantissa. With
    `int8` the transformer multiplies in 8 bits, on the CPU.
    """

    name: str
    dtype: torch.dtype
    tf32: bool = False
    int8: bool = False


FP32 = Precision("fp32", torch.float32)
TF32 = Precision("tf32", torch.float32, tf32=True)
BF16 = Precision("bf16", torch.bfloat16)
FP16 = Precision("fp16", torch.float16)

_BY_NAME = {precision.name: precision for precision in (FP32, TF32, BF16, FP16)}


def faster_precision(device: torch.device) -> Precision:
    """bf16 where it multiplies much faster than fp32, found out by trying."""
    factors = [torch.ones(_SIZE, _SIZE, dtype=each.dtype, device=device) for each in (FP32, BF16)]
    times = [[_seconds(factor) for factor in factors] for _ in range(_ROUNDS)]
    fp32, bf16 = map(min, zip(*times, strict=True))
    return BF16 if bf16 < _WORTH_IT * fp32 else FP32


def fastest_precision(device: torch.device) -> Precision:
    """For streams: `faster_precision`, or 8 bits where the processor has VNNI, which adds their
    products in 32 bits, and is not fast in bf16. That is known, and need not be tried."""
    wide = faster_precision(device)
    adds_int8 = device.type == "cpu" and bool(_VNNI & processor_features())
    return in_8_bits(wide) if adds_int8 and wide is FP32 else wide


def in_8_bits(wide: Precision) -> Precision:
    """With all that is not multiplied in 8 bits as in `wide`."""
    return replace(wide, name="int8", int8=True)


def choose_precision(
    name: str,
    device: torch.device,
    auto: Callable[[torch.device], Precision] = faster_precision,
) -> Precision:
    """Of this name; "int8" has what is not multiplied in 8 bits as "auto" has it.

    Raises ConfigError for unknown names, and for formats that only CUDA cards are fast in.
    """
    if name not in PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PRECISIONS)}, got {name!r}")
    if name in ("tf32", "fp16") and device.type != "cuda":
        raise ConfigError(f"{name} needs CUDA, and the device is {device}; take fp32, bf16 or auto")
    if name == "int8":
        if device.type != "cpu":
            raise ConfigError(f"int8 is for the CPU, and the device is {device}; take another one")
        return in_8_bits(auto(device))
    return auto(device) if name == "auto" else _BY_NAME[name]


@contextmanager
def products_in(precision: Precision, device: torch.device) -> Iterator[None]:
    """What is computed or recorded on a CUDA card meanwhile rounds as `precision` says.

    PyTorch keeps this per process, and lets convolutions round unless it is told not to.
    """
    if device.type != "cuda":
        yield
        return
    places: tuple[Any, ...] = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [place.allow_tf32 for place in places]
    try:
        for place in places:
            place.allow_tf32 = precision.tf32
        yield
    finally:
        for place, allowed in zip(places, before, strict=True):
            place.allow_tf32 = allowed


def _seconds(factor: torch.Tensor) -> float:
    """Of a product."""
    began = time.perf_counter()
    float((factor @ factor)[0, 0])  # waits for the device
    return time.perf_counter() - began
