"""Offline separation: long overlapping segments, as the reference implementation cuts them.

Best quality and no latency budget. Yields stems in order while it goes, so that a long recording
needs no more memory than a segment.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from rtsep.engine.network import Network
from rtsep.errors import ConfigError


def separate_segments(
    network: Network, mix: Tensor, *, overlap: float, device: torch.device
) -> Iterator[Tensor]:
    """mix (channels, samples) -> stretches of stems (stems, channels, n) that follow each other.

    Segments of the length the network was trained on overlap by `overlap` (0 <= overlap < 1) and
    are joined with triangular weights, as `demucs.apply.apply_model(shifts=0)` does. Raises
    ConfigError, before the first stretch is asked for.
    """
    if not 0 <= overlap < 1:
        raise ConfigError(f"overlap must be at least 0 and less than 1, got {overlap}")
    stride = int((1 - overlap) * network.config.segment_samples)
    if stride < 1:
        raise ConfigError(f"overlap {overlap} leaves no step between segments; use less")
    return _joined_segments(network, mix, stride, device)


def _joined_segments(
    network: Network, mix: Tensor, stride: int, device: torch.device
) -> Iterator[Tensor]:
    total, segment = mix.shape[-1], network.config.segment_samples
    shape = (len(network.stems), mix.shape[0], segment)
    weighted, weights = torch.zeros(shape), torch.zeros(segment)
    triangle = _triangle(segment)
    for start in range(0, total, stride):
        length = min(segment, total - start)
        window, first = _padded_window(mix, start, length, segment)
        stems = _separate_window(network, window.to(device), slice(first, first + length))
        weighted[..., :length] += stems.cpu() * triangle[:length]
        weights[:length] += triangle[:length]
        done = min(stride, total - start)
        yield weighted[..., :done] / weights[:done]
        weighted = torch.cat((weighted[..., stride:], torch.zeros(*shape[:2], stride)), -1)
        weights = torch.cat((weights[stride:], torch.zeros(stride)))


@torch.inference_mode()
def _separate_window(network: Network, window: Tensor, keep: slice) -> Tensor:
    mix = window[None]
    return network.separate(mix, network.stft(mix), keep)[0]


def _triangle(length: int) -> Tensor:
    rising = torch.arange(1, length // 2 + 1)
    falling = torch.arange(length - length // 2, 0, -1)
    triangle = torch.cat((rising, falling)).float()
    return triangle / triangle.max()


def _padded_window(mix: Tensor, start: int, length: int, segment: int) -> tuple[Tensor, int]:
    """A whole segment around [start, start + length), and where that begins in it.

    What surrounds a short segment is the recording itself where there is some, else silence.
    """
    before = (segment - length) // 2
    first, stop = start - before, start - before + segment
    inside = mix[:, max(first, 0) : min(stop, mix.shape[-1])]
    padding = (max(-first, 0), max(stop - mix.shape[-1], 0))
    return torch.nn.functional.pad(inside, padding), before
