"""Gated linear units, of the encoders and decoders and of their residual branches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rtsep.model.conv import Conv
from rtsep.model.past import Past
from rtsep.model.quantized import QuantizedConv


def gelu(x: Tensor) -> Tensor:
    """GELU of (b, c, rows, columns) with channels innermost; PyTorch has a kernel several times
    faster for tensors whose last axis is the innermost one."""
    return F.gelu(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Gated(nn.Module, ABC):
    """Makes value and gate of a gated linear unit.

    Compilers get what makes them `joined` as one, since a call takes as long as a small
    convolution. Call by call that would gain nothing: halves of a tensor take longer to multiply.
    And what is joined is not overwritten: compilers make that a copy of the whole tensor, with all
    that was written to a part of it computed anew for each.
    """

    joined = False

    @abstractmethod
    def halves(self, x: Tensor, axis: int, past: Past) -> Sequence[Tensor]:
        """Value and gate of x (b, c, ...), whose time runs along `axis`."""

    def glu(self, x: Tensor, axis: int, past: Past) -> Tensor:
        """The gated linear unit of x (b, c, ...)."""
        value, gate = self.halves(x, axis, past)
        return value * gate.sigmoid() if self.joined else value.mul_(gate.sigmoid_())

    def add_glu(self, to: Tensor, x: Tensor, axis: int, past: Past) -> Tensor:
        """Likewise, added `to` something that nobody else needs and that is overwritten."""
        value, gate = self.halves(x, axis, past)
        if self.joined:
            return to + value * gate.sigmoid()
        return to.addcmul_(value, gate.sigmoid_())


class GatedConv(Gated):
    """By two convolutions."""

    value: Conv | QuantizedConv
    gate: Conv | None  # None: the other one is both of them

    def quantize(self, precision: torch.dtype) -> None:
        """To 8 bits, if it is not yet; as `quantize` of linear layers."""
        if isinstance(self.value, Conv) and self.gate is not None:
            self.value = QuantizedConv((self.value, self.gate), precision)
            self.gate = None

    def halves(self, x: Tensor, axis: int, past: Past) -> Sequence[Tensor]:
        if self.gate is None:
            (both,) = past.conv(x, axis, self.value)
            return both.chunk(2, 1)
        return past.conv(x, axis, self.value, self.gate, joined=self.joined)
