"""The two encoders. Channels are innermost in memory.

The frequency branch works on (b, channels, frames, bins), the time branch on (b, channels, 1,
samples). Strides run along the last axis in both; only DConv has to know where time is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rtsep.config import KERNEL, STRIDE, NetworkConfig
from rtsep.model.conv import Conv
from rtsep.model.dconv import DConv
from rtsep.model.gated import GatedConv, gelu
from rtsep.model.past import Past
from rtsep.model.quantized import QuantizedConv

PAD = (KERNEL - STRIDE) // 2
FREQ_TIME_AXIS = 2
TIME_TIME_AXIS = 3


class EncoderLayer(GatedConv):
    """Strided convolution, DConv, gated 1x1 convolution."""

    def __init__(self, in_channels: int, channels: int, time_axis: int) -> None:
        super().__init__()
        self.time_axis = time_axis
        conv = Conv(in_channels, channels, (1, KERNEL), (1, STRIDE), (0, PAD))
        self.conv: Conv | QuantizedConv = conv
        self.dconv = DConv(channels, time_axis)
        self.value = Conv(channels, channels, 1)
        self.gate = Conv(channels, channels, 1)

    def quantize(self, precision: torch.dtype) -> None:
        super().quantize(precision)
        if isinstance(self.conv, Conv):
            self.conv = QuantizedConv((self.conv,), precision)

    def forward(self, x: Tensor, past: Past) -> Tensor:
        (x,) = past.conv(x, self.time_axis, self.conv)
        x = self.dconv(gelu(x), past)
        return self.glu(x, self.time_axis, past)


def _layers(config: NetworkConfig, in_channels: int, time_axis: int) -> nn.ModuleList:
    widths = [in_channels, *(config.encoder_channels(i) for i in range(config.depth))]
    return nn.ModuleList(
        EncoderLayer(widths[i], widths[i + 1], time_axis) for i in range(config.depth)
    )


class FreqEncoder(nn.Module):
    """(b, c, frames, bins) -> (b, bottleneck, frames, bins / 4**depth) and what each layer left."""

    frequency_embedding: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        spec_channels = config.audio_channels * (2 if config.cac else 1)
        self.layers = _layers(config, spec_channels, FREQ_TIME_AXIS)
        shape = (1, config.channels, 1, config.bins // STRIDE)
        self.register_buffer("frequency_embedding", torch.empty(shape))

    def forward(self, x: Tensor, past: Past) -> tuple[Tensor, list[Tensor]]:
        skips, here = [], past.encoders
        x = here.fit(self, x, FREQ_TIME_AXIS, past)
        for index, layer in enumerate(self.layers):
            x = layer(x, here)
            if index == 0:
                x += self.frequency_embedding
            skips.append(past.fit(layer, x, FREQ_TIME_AXIS, here))
        return skips[-1], skips


class TimeEncoder(nn.Module):
    """(b, c, 1, samples) -> (b, bottleneck, 1, samples / 4**depth) and what each layer left."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.layers = _layers(config, config.audio_channels, TIME_TIME_AXIS)

    def forward(self, x: Tensor, past: Past) -> tuple[Tensor, list[Tensor]]:
        skips, here = [], past.encoders
        x = here.fit(self, x, TIME_TIME_AXIS, past)
        for layer in self.layers:
            x = layer(F.pad(x, (0, -x.shape[-1] % STRIDE)), here)
            skips.append(past.fit(layer, x, TIME_TIME_AXIS, here))
        return skips[-1], skips
