"""DConv: the residual branch of every encoder and decoder layer, in two dilated steps.

Each step squeezes C channels to C/8, looks along time, and expands to 2C before a gated linear
unit. Both group norms span all channels and the whole time axis of one frequency row. The second
one, over the wide tensor, is never computed on it: mean and variance of an affine map of `h`
are a linear and a quadratic form of `h`, and normalizing becomes two more input channels of the
map. Both are computed in float32, whatever the convolutions are.

Tensors are (b, channels, frames, bins) in the frequency branch, (b, channels, 1, samples) in the
time branch; `time_axis` is 2 or 3 accordingly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rtsep.model.conv import Conv
from rtsep.model.past import Past, mean_and_square
from rtsep.model.quantized import QuantizedConv

STEPS = 2
COMPRESS = 8
EPS = 1e-5  # of nn.GroupNorm


def gelu(x: Tensor) -> Tensor:
    """GELU of (b, c, rows, columns) with channels innermost; PyTorch has a kernel several times
    faster for tensors whose last axis is the innermost one."""
    return channels_first(F.gelu(channels_inside(x)))


def channels_inside(x: Tensor) -> Tensor:
    """(b, c, rows, columns) -> (b, rows, columns, c), without a copy. Arithmetic with tensors that
    do not have the time axis is much faster in this order."""
    return x.permute(0, 2, 3, 1)


def channels_first(x: Tensor) -> Tensor:
    """The way back."""
    return x.permute(0, 3, 1, 2)


class Gated(nn.Module):
    """Has the two convolutions of a gated linear unit.

    Compilers get them `joined` as one, since a call takes as long as a small convolution. Call by
    call that would gain nothing: halves of a tensor take longer to multiply. And what is joined is
    not overwritten: compilers make that a copy of the whole tensor, with all that was written to a
    part of it computed anew for each.
    """

    value: Conv | QuantizedConv
    gate: Conv | None  # None: the other one is both of them
    joined = False

    def quantize(self, precision: torch.dtype) -> None:
        """To 8 bits, if it is not yet; as `quantize` of linear layers."""
        if isinstance(self.value, Conv) and self.gate is not None:
            self.value = QuantizedConv((self.value, self.gate), precision)
            self.gate = None

    def halves(self, x: Tensor, axis: int, past: Past) -> Sequence[Tensor]:
        """Value and gate of x (b, c, ...), whose time runs along `axis`."""
        if self.gate is None:
            (both,) = past.conv(x, axis, self.value)
            return both.chunk(2, 1)
        return past.conv(x, axis, self.value, self.gate, joined=self.joined)

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


class NormedExpand(Gated):
    """The two halves of a group-normed 1x1 convolution of h (b, c/8, ...), before their GLU.

    `value` and `gate` take the channels (h * r, r, -mean * r), where r is 1 / std of a row: then
    their weights (gamma*W, gamma*b, gamma) and bias beta produce the normalized result at once.
    Of each position, the moments are the mean of W h + b over its outputs and, as a vector whose
    length it is, the root of their mean square.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.value = Conv(hidden + 2, channels, 1)
        self.gate = Conv(hidden + 2, channels, 1)
        self.moments_weight = nn.Parameter(torch.empty(hidden + 2, hidden))
        self.moments_bias = nn.Parameter(torch.empty(hidden + 2))

    def normalized(self, h: Tensor, time: int, past: Past) -> Tensor:
        """h (b, rows, columns, c/8) -> (b, c/8 + 2, rows, columns), for `value` and `gate`."""
        moments = F.linear(h, self.moments_weight, self.moments_bias)
        mean, root = moments.tensor_split([1], -1)
        square = root.square().sum(-1, keepdim=True)
        mean, variance = past.moments(self, torch.stack((mean, square)), time)
        scale = (variance + EPS).rsqrt()
        rows = torch.cat((scale, -mean * scale), -1).expand(*h.shape[:-1], -1)
        scaled = h * scale.repeat(1, 1, 1, h.shape[-1])
        return channels_first(
            torch.cat((scaled, rows), -1).to(cast("Conv", self.value).weight.dtype)
        )


class DConvStep(nn.Module):
    """One residual step on x (b, c, ...)."""

    def __init__(self, channels: int, dilation: int, time_axis: int) -> None:
        super().__init__()
        hidden = channels // COMPRESS
        kernel, steps = ((3, 1), (dilation, 1)) if time_axis == 2 else ((1, 3), (1, dilation))
        padding = (dilation, 0) if time_axis == 2 else (0, dilation)
        self.time = time_axis - 1  # once the channels are inside
        self.squeeze = Conv(channels, hidden, kernel, padding=padding, dilation=steps)
        self.norm_weight = nn.Parameter(torch.empty(hidden))
        self.norm_bias = nn.Parameter(torch.empty(hidden))
        self.expand = NormedExpand(channels, hidden)

    def hidden(self, x: Tensor, past: Past) -> Tensor:
        """What the expansion takes. Sees all of x, since its statistics do."""
        (squeezed,) = past.conv(x, self.time + 1, self.squeeze)
        h = channels_inside(squeezed).float()
        mean, variance = past.moments(self, mean_and_square(h, -1), self.time)
        scale = (variance + EPS).rsqrt() * self.norm_weight
        h = torch.addcmul(self.norm_bias - mean * scale, h, scale)
        return self.expand.normalized(F.gelu(h), self.time, past)

    def add_to(self, x: Tensor, hidden: Tensor, past: Past) -> Tensor:
        """x, which is overwritten, plus the step's outcome."""
        return self.expand.add_glu(x, hidden, self.time + 1, past)


class DConv(nn.Module):
    """x (b, c, ...) -> the same, or the stretch `keep` of its time axis. Overwrites x.

    Statistics always span the whole time axis; with `keep` the wide last part is computed for
    those positions only, which changes nothing in them.
    """

    def __init__(self, channels: int, time_axis: int) -> None:
        super().__init__()
        self.time_axis = time_axis
        self.steps = nn.ModuleList(DConvStep(channels, 2**i, time_axis) for i in range(STEPS))

    def forward(self, x: Tensor, past: Past, keep: slice = slice(None)) -> Tensor:
        *early, last = cast("list[DConvStep]", list(self.steps))
        for step in early:
            x = step.add_to(x, step.hidden(x, past), past)
        index = (slice(None),) * self.time_axis + (keep,)
        return last.add_to(x[index], last.hidden(x, past)[index], past)
