"""Offline separation: long overlapping segments, as the reference implementation cuts them.

Best quality and no latency budget. Takes a recording block by block and yields stems in order while
it goes, so that a long one needs no more memory than a segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rtsep.engine.network import Network
from rtsep.errors import ConfigError


@dataclass(frozen=True)
class Segment:
    """`window` (channels, segment) of a recording, of which the samples `keep` count, around a
    short last one there is more than that; `fresh` (channels, n) begins where they do, and is
    what no later segment begins with."""

    window: Tensor
    keep: slice
    fresh: Tensor


def separate_segments(
    network: Network,
    blocks: Iterable[Tensor],
    *,
    overlap: float,
    device: torch.device,
    batch: int = 1,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Blocks (channels, n) of a recording -> stretches (stems, channels, n) of its stems that
    follow each other, each with the recording (channels, n) under it.

    Segments of the length the network was trained on overlap by `overlap` (0 <= overlap < 1) and
    are joined with triangular weights, as `demucs.apply.apply_model(shifts=0)` does. A forward
    takes `batch` of them, or fewer if the device's memory holds no more. Raises ConfigError, before
    the first block is asked for.
    """
    if not 0 <= overlap < 1:
        raise ConfigError(f"overlap must be at least 0 and less than 1, got {overlap}")
    stride = int((1 - overlap) * network.config.segment_samples)
    if stride < 1:
        raise ConfigError(f"overlap {overlap} leaves no step between segments; use less")
    if batch < 1:
        raise ConfigError(f"batch must be at least 1, got {batch}")
    segments = _segments(_Recording(blocks), network.config.segment_samples, stride)
    return _joined(_separated(network, segments, device, batch), stride)


class _Recording:
    """What segments still need of blocks that come one after the other."""

    def __init__(self, blocks: Iterable[Tensor]) -> None:
        self._blocks = iter(blocks)
        self._held: Tensor | None = None
        self._first = 0  # where what is held begins

    @property
    def end(self) -> int:
        """Of what was read so far."""
        return self._first + (0 if self._held is None else self._held.shape[-1])

    def read_to(self, stop: int) -> None:
        """Or to the end, if that comes before."""
        pieces = [] if self._held is None else [self._held]
        end = self.end
        while end < stop and (block := next(self._blocks, None)) is not None:
            pieces.append(block)
            end += block.shape[-1]
        if pieces:
            self._held = torch.cat(pieces, -1)

    def between(self, start: int, stop: int) -> Tensor:
        """With silence for what lies before the beginning or behind the end."""
        assert self._held is not None and (start >= self._first or not self._first)
        inside = self._held[:, max(start - self._first, 0) : max(stop - self._first, 0)]
        padding = (max(-start, 0), max(stop - self.end, 0))
        return torch.nn.functional.pad(inside, padding)

    def forget(self, stop: int) -> None:
        """What comes before is needed no more."""
        dropped = min(stop, self.end) - self._first
        if self._held is not None and dropped > 0:
            self._held = self._held[:, dropped:].clone()
            self._first += dropped


def _segments(recording: _Recording, segment: int, stride: int) -> Iterator[Segment]:
    """What surrounds a short segment is the recording itself where there is some, else silence."""
    start = 0
    while True:
        recording.read_to(start + segment)
        length = min(segment, recording.end - start)
        if length <= 0:
            return
        before = (segment - length) // 2
        first = start - before
        yield Segment(
            recording.between(first, first + segment),
            slice(before, before + length),
            recording.between(start, start + min(stride, length)),
        )
        start += stride
        recording.forget(start - segment // 2)


def _separated(
    network: Network, segments: Iterator[Segment], device: torch.device, batch: int
) -> Iterator[tuple[Tensor, Segment]]:
    """Stems (stems, channels, kept) of each."""
    forward = _Forward(network, batch)
    for group in _alike(segments, batch):
        windows = torch.stack([segment.window for segment in group]).to(device)
        yield from zip(forward(windows, group[0].keep).cpu(), group, strict=True)


def _alike(segments: Iterator[Segment], most: int) -> Iterator[list[Segment]]:
    """Up to that many of which the same samples count."""
    group: list[Segment] = []
    for segment in segments:
        if group and (len(group) == most or segment.keep != group[0].keep):
            yield group
            group = []
        group.append(segment)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group


class _Forward:
    """Takes as many windows at once as fit into memory, which is found out by trying: others may
    need some of it too."""

    def __init__(self, network: Network, most: int) -> None:
        self._network, self._most = network, most

    @torch.inference_mode()
    def __call__(self, windows: Tensor, keep: slice) -> Tensor:
        """(b, channels, segment) -> (b, stems, channels, kept). Raises OutOfMemoryError if there
        is none for a single one."""
        while (stems := self._tried(windows, keep)) is None:
            self._most //= 2
        return stems

    def _tried(self, windows: Tensor, keep: slice) -> Tensor | None:
        separate, stft = self._network.separate, self._network.stft
        try:
            parts = [separate(part, stft(part), keep) for part in torch.split(windows, self._most)]
        except torch.OutOfMemoryError:
            if self._most == 1:
                raise
            return None
        return torch.cat(parts)


def _joined(
    separated: Iterator[tuple[Tensor, Segment]], stride: int
) -> Iterator[tuple[Tensor, Tensor]]:
    weighted = weights = triangle = torch.empty(0)
    for stems, segment in separated:
        length = stems.shape[-1]
        if not triangle.numel():
            triangle = _triangle(segment.window.shape[-1])
            weighted = torch.zeros(*stems.shape[:2], triangle.numel())
            weights = torch.zeros_like(triangle)
        weighted[..., :length] += stems * triangle[:length]
        weights[:length] += triangle[:length]
        done = segment.fresh.shape[-1]
        yield weighted[..., :done] / weights[:done], segment.fresh
        weighted = _moved(weighted, stride)
        weights = _moved(weights, stride)


def _moved(x: Tensor, stride: int) -> Tensor:
    return torch.cat((x[..., stride:], x.new_zeros(*x.shape[:-1], stride)), -1)


def _triangle(length: int) -> Tensor:
    rising = torch.arange(1, length // 2 + 1)
    falling = torch.arange(length - length // 2, 0, -1)
    triangle = torch.cat((rising, falling)).float()
    return triangle / triangle.max()
