"""Hybrid Transformer Demucs (Rouard, Massa, Défossez 2022, arXiv:2211.08553), for inference.

    mix ── STFT ── freq. encoder ──┐                  ┌── freq. decoder ── ISTFT ──┐
     │                             cross transformer                               + ── stems
     └──────────── time encoder ───┘                  └── time decoder ────────────┘

Shapes are static, nothing is cached on the Python side and nothing waits for the device, so that a
CUDA graph can capture a call. Knows nothing of streams, bags of networks or files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from rtsep.config import NetworkConfig
from rtsep.dsp.stft import ISTFT, STFT
from rtsep.errors import ConfigError
from rtsep.model.branches import side_by_side
from rtsep.model.dconv import DConvStep
from rtsep.model.decoder import EVERYTHING, DecoderLayer, FreqDecoder, TimeDecoder
from rtsep.model.encoder import FREQ_TIME_AXIS, EncoderLayer, FreqEncoder, TimeEncoder
from rtsep.model.packed import pack
from rtsep.model.past import NOTHING, Past, mean_and_square
from rtsep.model.products import Product
from rtsep.model.quantized import quantize
from rtsep.model.transformer import CrossTransformer

EPS = 1e-5


class Standardize(nn.Module):
    """x with mean 0 and deviation 1 per batch item, and the mean and deviation it had."""

    def __init__(self, time_axis: int) -> None:
        super().__init__()
        self.time_axis = time_axis

    def forward(self, x: Tensor, past: Past) -> tuple[Tensor, Tensor, Tensor]:
        rest = tuple(axis for axis in range(1, x.ndim) if axis != self.time_axis)
        mean, variance = past.moments(self, mean_and_square(x, rest), self.time_axis)
        count = x[0].numel()
        std = (variance * (count / (count - 1))).sqrt()
        return (x - mean).div_(std + EPS), mean, std


class HTDemucs(nn.Module):
    """mix (b, c, samples) -> stems (b, stems, c, samples)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.stft = STFT(config.nfft)
        self.standardize_spec = Standardize(FREQ_TIME_AXIS)
        self.standardize_mix = Standardize(2)
        self.freq_encoder = FreqEncoder(config)
        self.time_encoder = TimeEncoder(config)
        self.cross = CrossTransformer(config)
        self.freq_decoder = FreqDecoder(config)
        self.time_decoder = TimeDecoder(config)
        self.istft = ISTFT(config.nfft)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, mix: Tensor) -> Tensor:
        return self.separate(mix, self.stft(mix), EVERYTHING)

    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor:
        """Stems of samples `keep` of the window `mix`, whose STFT is `spec`.

        (b, c, samples), (b, frames, bins, c) -> (b, stems, c, kept). The whole window is seen
        whatever is kept. At most `segment` seconds, the length the network was trained on.
        With a past, `mix` and `spec` are the newest frames of a stream.
        """
        samples = mix.shape[-1]
        if samples > self.config.segment_samples:
            raise ConfigError(
                f"a window of {samples} samples is longer than the network was trained on; "
                f"use at most {self.config.segment_samples}"
            )
        first, stop, _ = keep.indices(samples)
        frames = self._frames_under(first, stop, spec.shape[1])
        z, z_mean, z_std = self.standardize_spec(self._channels(spec), past)
        x, x_mean, x_std = self.standardize_mix(mix, past)
        z, x = z.to(self.precision), _channels_last(x.unsqueeze(2).to(self.precision))

        (z, z_skips), (x, x_skips) = side_by_side(
            lambda: self.freq_encoder(z, past), lambda: self.time_encoder(x, past)
        )
        z, x = self.cross(z, x, past)
        z, x = side_by_side(
            lambda: torch.addcmul(
                z_mean, self.freq_decoder(z, z_skips, past, frames).float(), z_std
            ),
            lambda: self.time_decoder(x, x_skips, past, samples, slice(first, stop)).float(),
        )
        x = x[:, :, 0]

        stem_spec = self._spectrum(z, spec[:, frames])
        from_freq = self.istft(stem_spec, first - frames.start * self.stft.frame, stop - first)
        from_time = x.reshape(from_freq.shape) * x_std[:, None] + x_mean[:, None]
        stems: Tensor = from_freq + from_time
        return stems

    @property
    def precision(self) -> torch.dtype:
        """Of the convolutions and matrix products, and of what goes between them."""
        first = cast("EncoderLayer", self.freq_encoder.layers[0])
        return cast("DConvStep", first.dconv.steps[0]).squeeze.weight.dtype

    def set_precision(self, precision: torch.dtype, *, int8: bool = False) -> None:
        """Round the weights of convolutions and matrix products; with `int8` those of the
        transformer's layers and of most others to 8 bits. There is no way back: what was rounded
        off is gone. Spectra and the statistics of norms stay float32."""
        if int8:
            for layers in (self.cross.freq_layers, self.cross.time_layers):
                quantize(layers, precision)
            for layer in self._inner_layers():
                layer.quantize(precision)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | Product):
                module.to(precision)
        pack(self)

    def _inner_layers(self) -> Iterator[EncoderLayer | DecoderLayer]:
        """All but the outermost, whose rounding would be heard. Of those, DConv's products are
        too narrow to gain."""
        for encoder in (self.freq_encoder, self.time_encoder):
            yield from cast("list[EncoderLayer]", encoder.layers[1:])
        for decoder in (self.freq_decoder, self.time_decoder):
            yield from cast("list[DecoderLayer]", decoder.layers[:-1])

    def _frames_under(self, first: int, stop: int, frames: int) -> slice:
        """The frames whose windows touch samples [first, stop)."""
        frame = self.stft.frame
        return slice(
            max((2 * first - 5 * frame) // (2 * frame) + 1, 0),
            min(-(-(2 * stop + 3 * frame) // (2 * frame)), frames),
        )

    def _channels(self, spec: Tensor) -> Tensor:
        """(b, t, f, c) complex -> (b, 2c, t, f), or its magnitude (b, c, t, f)."""
        parts = torch.view_as_real(spec).flatten(3) if self.config.cac else spec.abs()
        return parts.permute(0, 3, 1, 2)

    def _spectrum(self, z: Tensor, mix_spec: Tensor) -> Tensor:
        """(b, stems * channels, t, f), (b, t, f, c) complex -> (b, stems, c, t, f) complex.

        The channels are the spectrum itself, or its magnitude on the phase of the mixture.
        """
        channels = self.config.audio_channels
        parts = z.permute(0, 2, 3, 1)
        if self.config.cac:
            parts = torch.unflatten(parts, -1, (-1, channels, 2))
            return torch.complex(*parts.unbind(-1)).permute(0, 3, 4, 1, 2)
        magnitude = torch.unflatten(parts, -1, (-1, channels))
        phase = mix_spec.angle()[:, :, :, None].expand_as(magnitude)
        return torch.polar(magnitude.contiguous(), phase.contiguous()).permute(0, 3, 4, 1, 2)


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
