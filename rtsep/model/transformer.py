"""The cross-domain transformer encoder: two token streams that attend to themselves and each other.

Tokens are (b, tokens, width); those of the spectrum are ordered frame by frame. Layers alternate
between self-attention and cross-attention, beginning with self-attention. Layer scales are folded
into the linear layers before them when the weights are loaded.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rtsep.config import STRIDE, NetworkConfig
from rtsep.model.attention import attend
from rtsep.model.branches import side_by_side
from rtsep.model.layers import LayerNorm, Linear
from rtsep.model.past import Past, mean_and_square

HIDDEN_SCALE = 4
MAX_PERIOD = 10000.0
EPS = 1e-5


def positions_1d(length: int, width: int) -> Tensor:
    """Cosines then sines of the position, as the time branch was trained with: (length, width)."""
    half = width // 2
    period = MAX_PERIOD ** (torch.arange(half, device="cpu") / (half - 1))
    phase = torch.arange(length, device="cpu")[:, None] / period
    return torch.cat((phase.cos(), phase.sin()), 1)


def positions_2d(frames: int, bins: int, width: int) -> Tensor:
    """Sines and cosines, interleaved, of the frame in the first half of the channels and of the
    bin in the second: (frames * bins, width)."""
    half = width // 2
    rate = torch.exp(torch.arange(0.0, half, 2, device="cpu") * -(math.log(MAX_PERIOD) / half))

    def interleaved(count: int) -> Tensor:
        phase = torch.arange(float(count), device="cpu")[:, None] * rate
        return torch.stack((phase.sin(), phase.cos()), -1).flatten(1)

    table = torch.empty(frames, bins, width, device="cpu")
    table[..., :half] = interleaved(frames)[:, None]
    table[..., half:] = interleaved(bins)
    return table.flatten(0, 1)


class SequenceNorm(nn.Module):
    """Group norm with one group: a single mean and variance over all tokens and channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor, past: Past) -> Tensor:
        mean, variance = past.moments(self, mean_and_square(x, -1), 1)
        scale = (variance + EPS).rsqrt() * self.weight
        return torch.addcmul(self.bias - mean * scale, x, scale)


def by_head(x: Tensor, heads: int) -> Tensor:
    """(b, tokens, width) -> (b, heads, tokens, width / heads)"""
    return torch.unflatten(x, -1, (heads, -1)).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head attention, to the tokens themselves in one projection, or to other ones."""

    def __init__(self, width: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.heads = heads
        if cross:
            self.query = Linear(width, width)
            self.key_value = Linear(width, 2 * width)
        else:
            self.query_key_value = Linear(width, 3 * width)
        self.out = Linear(width, width)

    def to_itself(self, x: Tensor, past: Past) -> Tensor:
        query, key_value = self.query_key_value(x).tensor_split([x.shape[-1]], -1)
        return self._attend(query, key_value, past)

    def to_other(self, x: Tensor, other: Tensor, past: Past) -> Tensor:
        return self._attend(self.query(x), self.key_value(other), past)

    def _attend(self, query: Tensor, key_value: Tensor, past: Past) -> Tensor:
        query, key_value = by_head(query, self.heads), by_head(key_value, 2 * self.heads)
        key, value = past.tokens(self, key_value).chunk(2, 1)
        y: Tensor = self.out(attend(query, key, value).transpose(1, 2).flatten(2))
        return y


class TransformerLayer(nn.Module):
    """Pre-norm attention and feed-forward, then a norm over the whole sequence."""

    def __init__(self, width: int, heads: int, *, cross: bool) -> None:
        super().__init__()
        self.norm_query = LayerNorm(width)
        self.norm_other = LayerNorm(width) if cross else None
        self.attention = Attention(width, heads, cross=cross)
        self.norm_feed = LayerNorm(width)
        self.feed_in = Linear(width, HIDDEN_SCALE * width)
        self.feed_out = Linear(HIDDEN_SCALE * width, width)
        self.norm_out = SequenceNorm(width)

    def forward(self, x: Tensor, other: Tensor, past: Past) -> Tensor:
        """`other` is the other branch; only a cross layer looks at it."""
        precision = self.feed_in.bias.dtype
        query = self.norm_query(x).to(precision)
        if self.norm_other is None:
            x = x + self.attention.to_itself(query, past)
        else:
            x = x + self.attention.to_other(query, self.norm_other(other).to(precision), past)
        x = x.add_(self.feed_out(F.gelu(self.feed_in(self.norm_feed(x).to(precision)))))
        y: Tensor = self.norm_out(x, past)
        return y


class Tokens(nn.Module):
    """One branch on its way in and out of the transformer: width, norm and positions."""

    positions: Tensor

    def __init__(self, config: NetworkConfig, positions: Tensor) -> None:
        super().__init__()
        inner, outer = config.transformer_channels, config.bottleneck_channels
        resize = config.bottom_channels > 0
        self.widen = Linear(outer, inner) if resize else nn.Identity()
        self.norm = LayerNorm(inner)
        self.narrow = Linear(inner, outer) if resize else nn.Identity()
        self.register_buffer("positions", positions, persistent=False)

    def enter(self, x: Tensor, past: Past) -> Tensor:
        """(b, c, t, f) -> (b, t * f, width)"""
        x = x.permute(0, 2, 3, 1).flatten(1, 2)
        y: Tensor = self.norm(self.widen(x).float()) + past.positions(self.positions, x.shape[1])
        return y

    def leave(self, x: Tensor, rows: int) -> Tensor:
        """(b, t * f, width) -> (b, c, t, f), channels innermost"""
        y: Tensor = self.narrow(x).unflatten(1, (rows, -1))
        return y.permute(0, 3, 1, 2)


class CrossTransformer(nn.Module):
    """(b, c, frames, bins), (b, c, 1, samples) -> the same shapes."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, reduction = config.transformer_channels, STRIDE**config.depth
        frames = config.frames_per_segment
        samples = -(-config.segment_samples // reduction)
        bins = config.bins // reduction
        self.freq_tokens = Tokens(config, positions_2d(frames, bins, width))
        self.time_tokens = Tokens(config, positions_1d(samples, width))
        cross = [i % 2 == 1 for i in range(config.t_layers)]
        heads = config.t_heads
        self.freq_layers = nn.ModuleList(TransformerLayer(width, heads, cross=c) for c in cross)
        self.time_layers = nn.ModuleList(TransformerLayer(width, heads, cross=c) for c in cross)

    def forward(self, freq: Tensor, time: Tensor, past: Past) -> tuple[Tensor, Tensor]:
        z, x = side_by_side(
            lambda: self.freq_tokens.enter(freq, past), lambda: self.time_tokens.enter(time, past)
        )
        for freq_layer, time_layer in zip(self.freq_layers, self.time_layers, strict=True):
            z, x = self._through(freq_layer, time_layer, z, x, past)
        return side_by_side(
            lambda: self.freq_tokens.leave(z.to(freq.dtype), freq.shape[2]),
            lambda: self.time_tokens.leave(x.to(time.dtype), time.shape[2]),
        )

    @staticmethod
    def _through(
        freq_layer: nn.Module, time_layer: nn.Module, z: Tensor, x: Tensor, past: Past
    ) -> tuple[Tensor, Tensor]:
        return side_by_side(lambda: freq_layer(z, x, past), lambda: time_layer(x, z, past))
