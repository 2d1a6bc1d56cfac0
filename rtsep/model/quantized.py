"""Layers that multiply in 8 bits, for processors that do so several times as fast.

Weights have one scale per output and are rounded once. What comes in has one scale per call, that
of its largest magnitude, so that nothing has to be calibrated on music. Sums, biases and what goes
out have the precision of the rest. For inference on the CPU only, like `packed.py`.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import torch
from torch import Tensor, nn

from rtsep.model.packed import TOKENS, replace_linear

_LARGEST = 127
_ZERO = 128  # oneDNN multiplies unsigned inputs by signed weights
# Rows and columns that the order of a convolution's weights is made for. It depends on them a
# little; without any, some calls bring the weights into another order first.
_POSITIONS = (8, 64)
_SMALLEST = 1e-9  # of a scale; silence has none
_NOTHING_AFTER = (1.0, 0)  # scale and zero of what goes out, were it in 8 bits too


class Quantized(nn.Module, ABC):
    """Has a weight (outputs, ...) in 8 bits, which oneDNN has packed.

    One that is made of layers on the meta device lacks it, as in `packed.py`.
    """

    def __init__(self, weight: Tensor, bias: Tensor, precision: torch.dtype) -> None:
        super().__init__()
        scale, self._packed = self._quantized(weight.detach())
        self.scale = nn.Parameter(scale, requires_grad=False)
        self.bias = nn.Parameter(bias.detach().to(precision), requires_grad=False)
        self.register_buffer("_zeros", torch.zeros(len(weight), dtype=torch.int32))
        self._rounded: Tensor | None = None

    def _quantized(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The scale of every output, and the packed weight."""
        if weight.is_meta:
            return weight.new_empty(len(weight)), weight
        weight = weight.float().contiguous()  # as oneDNN takes it to be
        scale = weight.abs().amax(tuple(range(1, weight.ndim))) / largest_weight()
        scale = scale.clamp(min=_SMALLEST)
        each = scale.view(-1, *(1,) * (weight.ndim - 1))
        return scale, self._pack((weight / each).round().to(torch.int8), scale)

    @abstractmethod
    def _pack(self, rounded: Tensor, scale: Tensor) -> Tensor:
        """The weight in oneDNN's order."""

    @abstractmethod
    def _unpack(self) -> Tensor:
        """The way back."""

    @property
    def _weight(self) -> Tensor:
        return self._packed if self._rounded is None else self._pack(self._rounded, self.scale)

    def pack_in_calls(self, yes: bool) -> None:
        """Whether a call brings the weights into order itself, as compilers need it to see."""
        if yes:
            _tell_compilers()
        self._rounded = self._unpack() if yes else None


class QuantizedLinear(Quantized):
    """Computes about what `linear`, in float32, computes; in and out as `precision`."""

    def __init__(self, linear: nn.Linear, precision: torch.dtype) -> None:
        super().__init__(linear.weight, linear.bias, precision)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.onednn.qlinear_pointwise.tensor(
            *_rounded_input(x.contiguous()), self._weight, self.scale, self._zeros, self.bias,
            *_NOTHING_AFTER, self.bias.dtype, "none", [], "",
        )  # fmt: skip
        return y

    def _pack(self, rounded: Tensor, scale: Tensor) -> Tensor:
        return _packed_linear(rounded)

    def _unpack(self) -> Tensor:
        return self._packed.to_dense().t().contiguous()


class QuantizedConv(Quantized):
    """Likewise some convolutions of the same shape, whose outputs lie side by side."""

    def __init__(self, convs: Sequence[nn.Conv2d], precision: torch.dtype) -> None:
        like = convs[0]
        self.stride, self.padding, self.dilation = like.stride, like.padding, like.dilation
        weight = _joined([conv.weight for conv in convs])
        bias = _joined([cast("Tensor", conv.bias) for conv in convs])
        super().__init__(weight, bias, precision)

    def padded(self, x: Tensor, padding: Sequence[int]) -> Tensor:
        """x (b, c, rows, columns) with so many zeros around it -> (b, outputs, ...)"""
        y: Tensor = torch.ops.onednn.qconv_pointwise.tensor(
            *_rounded_input(x.contiguous(memory_format=torch.channels_last)),
            self._weight, self.scale, self._zeros, self.bias,
            self.stride, padding, self.dilation, 1,
            *_NOTHING_AFTER, self.bias.dtype, "none", [], "",
        )  # fmt: skip
        return y

    def _pack(self, rounded: Tensor, scale: Tensor) -> Tensor:
        packed = torch.ops.onednn.qconv_prepack(
            rounded, scale, 1.0, _ZERO, self.stride, self.padding, self.dilation, 1,
            [1, rounded.shape[1], *_POSITIONS],
        )  # fmt: skip
        return cast("Tensor", packed)

    def _unpack(self) -> Tensor:
        return self._packed.to_dense()


def quantize(network: nn.Module, precision: torch.dtype) -> None:
    """Replace the float32 linear layers of `network`."""
    replace_linear(network, lambda linear: QuantizedLinear(linear, precision))


@functools.cache
def largest_weight() -> int:
    """That of a rounded weight. Processors without VNNI add two products in 16 bits, which hold the
    largest ones only if weights have one bit less; whether this is one of them is tried."""
    x, one = torch.full((16, 64), _ZERO + _LARGEST, dtype=torch.uint8), torch.ones(())
    weight = _packed_linear(torch.full((16, 64), _LARGEST, dtype=torch.int8))
    y = torch.ops.onednn.qlinear_pointwise.tensor(
        x, one, one.to(torch.int32) * 0, weight, torch.ones(16), torch.zeros(16, dtype=torch.int32),
        None, *_NOTHING_AFTER, torch.float32, "none", [], "",
    )  # fmt: skip
    return _LARGEST if bool((y == 64 * _LARGEST * (_ZERO + _LARGEST)).all()) else _LARGEST // 2


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other. On the meta device without an operator, whose stand-in there would take
    a second to be imported."""
    first = tensors[0].detach()
    if first.is_meta:
        return first.new_empty(sum(map(len, tensors)), *first.shape[1:])
    return torch.cat(list(tensors)).detach()


def _packed_linear(rounded: Tensor) -> Tensor:
    return cast("Tensor", torch.ops.onednn.qlinear_prepack(rounded, [TOKENS, rounded.shape[1]]))


def _rounded_input(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x in 8 bits, its scale and its zero."""
    x = x.float()
    scale = (x.abs().amax() / _LARGEST).clamp(min=_SMALLEST)
    # A plain constant becomes one in a compiled step, where oneDNN's call takes a tensor.
    zero = (scale * 0 + _ZERO).to(torch.int32)
    return (torch.round(x / scale) + _ZERO).to(torch.uint8), scale, zero


@functools.cache
def _tell_compilers() -> None:
    """Which shape packed weights have; PyTorch packs them only after it has traced a graph."""

    def of_linear(weight: Tensor, _: list[int]) -> Tensor:
        return weight.new_empty(weight.shape[::-1])

    def of_conv(weight: Tensor, *_: Any) -> Tensor:
        return torch.empty_like(weight)

    for name, shape in (("qlinear_prepack", of_linear), ("qconv_prepack", of_conv)):
        with suppress(RuntimeError):  # one that knows by now
            torch.library.register_fake(f"onednn::{name}", shape)
