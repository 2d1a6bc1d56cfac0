"""Convolutions whose padding along time is not theirs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from rtsep.model.layers import Conv2d
from rtsep.model.quantized import QuantizedConv


class Conv(Conv2d):
    """With the padding that a call says."""

    def padded(self, x: Tensor, padding: Sequence[int]) -> Tensor:
        """x (b, c, rows, columns) with so many zeros around it -> (b, outputs, ...)"""
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation)


Convolution = Conv | QuantizedConv


def convolved(
    x: Tensor, convs: Sequence[Convolution], padding: Any, joined: bool
) -> Sequence[Tensor]:
    """What each of `convs`, all of one shape, makes of x; `joined` in one convolution, if they are
    plain ones, whose outputs lie side by side."""
    if not joined or len(convs) == 1:
        return [conv.padded(x, padding) for conv in convs]
    plain = cast("Sequence[Conv]", convs)
    weight = torch.cat([conv.weight for conv in plain])
    bias = torch.cat([cast("Tensor", conv.bias) for conv in plain])
    both = F.conv2d(x, weight, bias, plain[0].stride, padding, plain[0].dilation)
    return both.chunk(len(convs), 1)
