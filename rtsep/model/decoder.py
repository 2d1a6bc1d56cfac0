"""The two decoders, mirror images of the encoders, with tensors laid out as there.

With `keep` the last layer answers for those positions of the time axis only. What it leaves out is
the part that no statistic depends on, so that what it returns is exactly what it would have been.
"""

from __future__ import annotations

from torch import Tensor, nn

from rtsep.config import KERNEL, STRIDE, NetworkConfig
from rtsep.model.conv import Conv
from rtsep.model.dconv import DConv
from rtsep.model.encoder import FREQ_TIME_AXIS, PAD, TIME_TIME_AXIS
from rtsep.model.gated import GatedConv, gelu
from rtsep.model.layers import ConvTranspose2d
from rtsep.model.past import Past

EVERYTHING = slice(None)


class DecoderLayer(GatedConv):
    """Skip connection, gated convolution with context, DConv, transposed convolution."""

    def __init__(self, channels: int, out_channels: int, time_axis: int) -> None:
        super().__init__()
        self.time_axis = time_axis
        rows = 3 if time_axis == FREQ_TIME_AXIS else 1
        context, around = (rows, 3), (rows // 2, 1)
        self.value = Conv(channels, channels, context, padding=around)
        self.gate = Conv(channels, channels, context, padding=around)
        self.dconv = DConv(channels, time_axis)
        self.conv_tr = ConvTranspose2d(channels, out_channels, (1, KERNEL), (1, STRIDE), (0, PAD))

    def forward(self, x: Tensor, skip: Tensor, past: Past, keep: slice = EVERYTHING) -> Tensor:
        x = self.glu(x + skip, self.time_axis, past)
        x = self.dconv(x, past, keep)
        if self.time_axis == TIME_TIME_AXIS and keep == EVERYTHING:
            return past.conv_tr(x, self.conv_tr)
        y: Tensor = self.conv_tr(x)  # does not look along time, or what is kept has its past in x
        return y


def _layers(config: NetworkConfig, out_channels: int, time_axis: int) -> nn.ModuleList:
    widths = [out_channels, *(config.encoder_channels(i) for i in range(config.depth))]
    return nn.ModuleList(
        DecoderLayer(widths[i], widths[i - 1], time_axis) for i in range(config.depth, 0, -1)
    )


class FreqDecoder(nn.Module):
    """(b, bottleneck, frames, bins / 4**depth) and skips -> (b, stems * c, kept frames, bins)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        per_stem = config.audio_channels * (2 if config.cac else 1)
        self.layers = _layers(config, len(config.stems) * per_stem, FREQ_TIME_AXIS)

    def forward(
        self, x: Tensor, skips: list[Tensor], past: Past, keep: slice = EVERYTHING
    ) -> Tensor:
        *early, last = self.layers
        *early_skips, last_skip = reversed(skips)
        for layer, skip in zip(early, early_skips, strict=True):
            x = gelu(layer(x, skip, past))
        y: Tensor = last(x, last_skip, past, keep)
        return y


class TimeDecoder(nn.Module):
    """(b, bottleneck, 1, samples / 4**depth) and skips -> (b, stems * c, 1, kept samples)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        out_channels = len(config.stems) * config.audio_channels
        self.layers = _layers(config, out_channels, TIME_TIME_AXIS)

    def forward(
        self,
        x: Tensor,
        skips: list[Tensor],
        past: Past,
        samples: int,
        keep: slice = EVERYTHING,
    ) -> Tensor:
        depth, here = len(self.layers), past.time_decoder
        whole = x.shape[-1]
        x, *skips = (here.fit(self, each, TIME_TIME_AXIS, past) for each in (x, *skips))
        unseen = (whole - x.shape[-1]) * STRIDE**depth
        *early, last = self.layers
        *early_skips, last_skip = reversed(skips)
        lengths = [skip.shape[-1] for skip in reversed(skips)][1:]
        for layer, skip, length in zip(early, early_skips, lengths, strict=True):
            x = gelu(layer(x, skip, here)[..., :length])  # drop what rounding up to strides added
        first, stop, _ = keep.indices(samples)
        first, stop = first - unseen, stop - unseen
        inner = slice(max(first // STRIDE - 1, 0), -(-stop // STRIDE) + 1)
        offset = first - inner.start * STRIDE
        y: Tensor = last(x, last_skip, here, inner)
        return y[..., offset : offset + stop - first]
