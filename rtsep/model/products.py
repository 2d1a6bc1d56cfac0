"""Linear maps of channels, the same at every position, as plain products of matrices.

A convolution or linear layer of PyTorch on the CPU takes 20 to 40 us before it begins, as long as
the narrow ones of DConv take themselves; a product of matrices takes 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Product(nn.Module):
    """x (b, inputs, rows, columns) -> (b, outputs, rows, columns)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))

    def outermost(self, x: Tensor) -> Tensor:
        """With channels outermost in memory."""
        return outermost(self.weight, x)

    def innermost(self, x: Tensor) -> Tensor:
        """With channels innermost in memory."""
        return _innermost(self.weight, x)

    def innermost_parts(self, x: Tensor, count: int) -> Sequence[Tensor]:
        """Likewise so many groups of outputs, each in memory of its own."""
        return [_innermost(part, x) for part in self.weight.chunk(count)]


def outermost(weight: Tensor, x: Tensor) -> Tensor:
    """(outputs, inputs), (b, inputs, rows, columns) -> (b, outputs, rows, columns)

    In batches, even of one: weights of `torch.mm` are what compilers hand to oneDNN.
    """
    y = torch.bmm(weight.expand(len(x), -1, -1), x.flatten(2))
    return torch.unflatten(y, 2, x.shape[2:])


def _innermost(weight: Tensor, x: Tensor) -> Tensor:
    y = torch.bmm(x.flatten(2).mT, weight.mT.expand(len(x), -1, -1))
    return torch.unflatten(y, 1, x.shape[2:]).permute(0, 3, 1, 2)
