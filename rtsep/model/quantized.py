"""Linear layers that multiply in 8 bits, for processors that do so several times as fast.

Weights have one scale per output and are rounded once. What comes in has one scale per call, that
of its largest magnitude, so that nothing has to be calibrated on music. Sums, biases and what goes
out have the precision of the rest. For inference on the CPU only, like `packed.py`.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import cast

import torch
from torch import Tensor, nn

from rtsep.model.packed import TOKENS, replace_linear

_LARGEST = 127
_ZERO = 128  # oneDNN multiplies unsigned inputs by signed weights
_SMALLEST = 1e-9  # of a scale; silence has none


class QuantizedLinear(nn.Module):
    """Computes about what `linear`, in float32, computes; in and out as `precision`.

    One on the meta device gives one that lacks its weights, as in `packed.py`.
    """

    def __init__(self, linear: nn.Linear, precision: torch.dtype) -> None:
        super().__init__()
        scale, self._packed = _quantized(linear.weight.detach())
        self.scale = nn.Parameter(scale, requires_grad=False)
        self.bias = nn.Parameter(linear.bias.detach().to(precision), requires_grad=False)
        self.register_buffer("_zeros", torch.zeros(len(scale), dtype=torch.int32))
        self._rounded: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        scale = (x.abs().amax() / _LARGEST).clamp(min=_SMALLEST)
        # A plain constant becomes one in a compiled step, where oneDNN's call takes a tensor.
        zero = (scale * 0 + _ZERO).to(torch.int32)
        y: Tensor = torch.ops.onednn.qlinear_pointwise.tensor(
            (torch.round(x / scale) + _ZERO).to(torch.uint8), scale, zero,
            self._packed if self._rounded is None else _packed(self._rounded),
            self.scale, self._zeros, self.bias, 1.0, 0, self.bias.dtype, "none", [], "",
        )  # fmt: skip
        return y

    def pack_in_calls(self, yes: bool) -> None:
        """Whether a call brings the weights into order itself, as compilers need it to see."""
        if yes:
            _tell_compilers()
        self._rounded = self._packed.to_dense().t().contiguous() if yes else None


def quantize(network: nn.Module, precision: torch.dtype) -> None:
    """Replace the float32 linear layers of `network`."""
    replace_linear(network, lambda linear: QuantizedLinear(linear, precision))


def _quantized(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The scale of every output, and the packed weights."""
    if weight.is_meta:
        return weight[:, 0], weight
    scale = (weight.abs().amax(1) / _LARGEST).clamp(min=_SMALLEST)
    return scale, _packed((weight / scale[:, None]).round().to(torch.int8))


def _packed(weight: Tensor) -> Tensor:
    return cast("Tensor", torch.ops.onednn.qlinear_prepack(weight, [TOKENS, weight.shape[1]]))


@functools.cache
def _tell_compilers() -> None:
    """Which shape packed weights have; PyTorch packs them only after it has traced a graph."""

    def shape_of(weight: Tensor, _: list[int]) -> Tensor:
        return weight.new_empty(weight.shape[::-1])

    with suppress(RuntimeError):  # one that knows by now
        torch.library.register_fake("onednn::qlinear_prepack", shape_of)
