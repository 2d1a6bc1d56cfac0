"""How fast machines multiply and copy at most, and the least time that calls take on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bench.counting import Call
from bench.turns import clock
from rtsep.model.quantized import QuantizedLinear

ROUNDS = 7
COPIED = 256 << 20  # bytes, far more than what a processor's caches keep for one program
CACHED = 1 << 19  # half a core's second cache, or less
INT8 = torch.uint8  # what oneDNN multiplies by signed weights


@dataclass(frozen=True, kw_only=True)
class Machine:
    rates: dict[torch.dtype, float]  # operations a second, of products
    bandwidth: float  # bytes a second, read and written
    cached: float | None = None  # likewise within a core's own caches

    def floor(self, calls: Iterable[Call[Any]]) -> float:
        """Seconds that operations take, or weights to come from memory, whichever is more."""
        calls = list(calls)
        operations = sum(self._multiplying(call) for call in calls)
        return max(operations, sum(call.weight_bytes for call in calls) / self.bandwidth)

    def call_by_call(self, calls: Iterable[Call[Any]]) -> float:
        """Seconds if every call gets its input from memory and brings its output there."""
        return sum(max(self._multiplying(call), call.moved / self.bandwidth) for call in calls)

    def told(self) -> dict[str, float]:
        names = {torch.float32: "fp32", torch.bfloat16: "bf16", INT8: "int8"}
        told = {
            f"{names[dtype]}_GFLOP/s": round(rate / 1e9, 1) for dtype, rate in self.rates.items()
        }
        told["memory_GB/s"] = round(self.bandwidth / 1e9, 1)
        return told | ({"cache_GB/s": round(self.cached / 1e9, 1)} if self.cached else {})

    def _multiplying(self, call: Call[Any]) -> float:
        return call.operations / self.rates[call.dtype] if call.operations else 0.0


# By their data sheets, SXM, without sparsity; fp32 is that of plain cores, as rtsep's bf16 has it.
_HOPPER = {torch.bfloat16: 989e12, torch.float32: 67e12, INT8: 1979e12}
H100 = Machine(rates=_HOPPER, bandwidth=3.35e12)
H200 = Machine(rates=_HOPPER, bandwidth=4.8e12)
# Of a kernel within a CUDA graph, before it does anything: between 1 and 2 us.
LAUNCH_SECONDS = 1.5e-6


def measured_rates(dtypes: Iterable[torch.dtype], rows: int) -> Machine:
    """Of this processor with the threads that PyTorch has, by products of square matrices."""
    with torch.inference_mode():
        return Machine(
            rates={dtype: 2 * rows**3 / _seconds(_product(dtype, rows)) for dtype in dtypes},
            bandwidth=2 * COPIED / _seconds(_copy(COPIED, 1)),
            cached=_cached_bandwidth(),
        )


def _product(dtype: torch.dtype, rows: int) -> Callable[[], object]:
    if dtype == INT8:  # with what rounding the input takes
        layer = QuantizedLinear(nn.Linear(rows, rows), torch.float32)
        x = torch.randn(rows, rows)
        return lambda: layer(x)
    a, b = (torch.randn(rows, rows, dtype=dtype) for _ in range(2))
    return lambda: a @ b


def _copy(size: int, times: int) -> Callable[[], object]:
    source = torch.randn(size // 4)
    target = torch.empty_like(source)

    def copy() -> None:
        for _ in range(times):
            target.copy_(source)

    return copy


def _cached_bandwidth(times: int = 200) -> float:
    return 2 * CACHED * times / _seconds(_copy(CACHED, times))


def _seconds(act: Callable[[], object]) -> float:
    """Of the fastest try: a limit is what the machine can do when nothing disturbs it."""
    timed = clock(act)
    timed()
    return min(timed() for _ in range(ROUNDS))
