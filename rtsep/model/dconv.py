"""DConv: the residual branch of every encoder and decoder layer, in two dilated steps.

Each step squeezes C channels to C/8, looks along time, and expands to 2C before a gated linear
unit. Both group norms span all channels and the whole time axis of one frequency row. The second
one, over the wide tensor, is never computed on it: mean and variance of an affine map of `h`
are a linear and a quadratic form of `h`, and normalizing becomes three more input channels of the
map. Both are computed in float32, whatever the products are.

Tensors are (b, channels, frames, bins) in the frequency branch, (b, channels, 1, samples) in the
time branch; `time_axis` is 2 or 3 accordingly. Wide ones have their channels innermost in memory,
narrow ones (those of `h`) outermost, so that arithmetic runs along many positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rtsep.model.gated import Gated
from rtsep.model.past import Past, mean_and_square
from rtsep.model.products import Product, outermost

STEPS = 2
COMPRESS = 8
TAPS = 3  # of the look along time
EPS = 1e-5  # of nn.GroupNorm


class NormedExpand(Gated):
    """The gated linear unit of a group-normed 1x1 convolution of h (b, c/8, ...).

    `product` takes the channels (h * r, r, -mean * r, 1), where r is 1 / std of a row: then its
    weights (gamma*W, gamma*b, gamma, beta) produce the normalized result at once.
    Of each position, the moments are the mean of W h + b over its outputs and, as a vector whose
    length it is, the root of their mean square.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.product = Product(hidden + 3, 2 * channels)
        self.moments_weight = nn.Parameter(torch.empty(hidden + 2, hidden))
        self.moments_bias = nn.Parameter(torch.empty(hidden + 2, 1, 1))

    def normalized(self, h: Tensor, time_axis: int, past: Past) -> Tensor:
        """h (b, c/8, ...) -> (b, c/8 + 3, ...), for `product`."""
        moments = outermost(self.moments_weight, h) + self.moments_bias
        mean, root = moments.tensor_split([1], 1)
        square = root.square().sum(1, keepdim=True)
        mean, variance = past.moments(self, torch.stack((mean, square)), time_axis)
        scale = (variance + EPS).rsqrt()
        rows = torch.cat((scale, -mean * scale, torch.ones_like(scale)), 1)
        rows = rows.expand(-1, -1, *h.shape[2:])
        return torch.cat((h * scale, rows), 1).to(self.product.weight.dtype)

    def halves(self, x: Tensor, axis: int, past: Past) -> Sequence[Tensor]:
        """Of what `normalized` returned, or a stretch of it."""
        if self.joined:
            return self.product.innermost(x).chunk(2, 1)
        return self.product.innermost_parts(x, 2)


class DConvStep(nn.Module):
    """One residual step on x (b, c, ...)."""

    def __init__(self, channels: int, dilation: int, time_axis: int) -> None:
        super().__init__()
        hidden = channels // COMPRESS
        self.dilation, self.time_axis = dilation, time_axis
        self.squeeze = Product(channels, TAPS * hidden)
        self.squeeze_bias = nn.Parameter(torch.empty(hidden, 1, 1))
        self.norm_weight = nn.Parameter(torch.empty(hidden, 1, 1))
        self.norm_bias = nn.Parameter(torch.empty(hidden, 1, 1))
        self.expand = NormedExpand(channels, hidden)

    def hidden(self, x: Tensor, past: Past) -> Tensor:
        """What the expansion takes. Sees all of x, since its statistics do."""
        h = self._squeezed(x, past) + self.squeeze_bias
        mean, variance = past.moments(self, mean_and_square(h, 1), self.time_axis)
        scale = (variance + EPS).rsqrt() * self.norm_weight
        h = torch.addcmul(self.norm_bias - mean * scale, h, scale)
        return self.expand.normalized(F.gelu(h), self.time_axis, past)

    def add_to(self, x: Tensor, hidden: Tensor, past: Past) -> Tensor:
        """x, which is overwritten, plus the step's outcome."""
        return self.expand.add_glu(x, hidden, self.time_axis, past)

    def _squeezed(self, x: Tensor, past: Past) -> Tensor:
        """A dilated convolution along time: the products of its taps, each with all of x, are added
        where they belong. That is narrower than x and the past before it, side by side."""
        time, length = self.time_axis, x.shape[self.time_axis]
        products = past.around(self.squeeze, self.squeeze.outermost(x), time, self.dilation)
        taps = products.float().chunk(TAPS, 1)
        first, *rest = (
            tap.narrow(time, index * self.dilation, length) for index, tap in enumerate(taps)
        )
        return sum(rest, first)


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
        hidden = last.hidden(x, past)[index]
        # Gradients need all of x. That a part of it is overwritten PyTorch does not see.
        return last.add_to(x[index].clone(memory_format=torch.channels_last), hidden, past)
