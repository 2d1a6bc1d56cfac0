"""The two ways from a file to its stems: offline, or through a stream as if it were live.

Both give them in line with the file, sample by sample. Know nothing of where they go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import torch

from rtsep.audio.files import AudioSource
from rtsep.audio.memory import MemorySource
from rtsep.config import StreamSettings
from rtsep.engine.separator import Separator
from rtsep.engine.step import share_residual
from rtsep.metrics import StepTimes
from rtsep.stem_files.reading import StemSource

Audio = np.ndarray[Any, np.dtype[np.float32]]
Source = AudioSource | MemorySource | StemSource
Progress = Callable[[int, int], None]  # samples done, of how many

BLOCK = 8192  # the most samples of a piece that are mixed and written at once


class Way(Protocol):
    """How stems are made of a source."""

    def pieces(self, source: Source) -> Iterator[Audio]:
        """(stems, channels, n) that follow each other. Raises ConfigError before the first."""


class Offline:
    """Whole segments, each of which sees what follows: the best quality, and no latency to hold."""

    def __init__(
        self,
        separator: Separator,
        *,
        stems: Sequence[str] | None = None,
        overlap: float = 0.25,
        summing: bool = False,
    ) -> None:
        """With `summing`, what all stems lack of the mix is shared among them, as streams do it;
        where one of them is the rest, nothing is lacking."""
        assert not (summing and stems)
        self._separator = separator
        self._stems, self._overlap = stems, overlap
        self._summing = summing and separator.complete

    def pieces(self, source: Source) -> Iterator[Audio]:
        blocks = map(torch.from_numpy, source.blocks(BLOCK))
        return self._finished(self._separator.separate_blocks(blocks, self._stems, self._overlap))

    def _finished(self, separated: Iterator[tuple[torch.Tensor, torch.Tensor]]) -> Iterator[Audio]:
        for piece, mix in separated:
            if self._summing:
                share_residual(piece[None], mix[None])
            yield piece.numpy()


class Streamed:
    """Hop by hop through a stream: the same stems as live. `times` are those of its steps; on the
    instant path, of as many of its hops as make one of the full path's."""

    def __init__(
        self,
        separator: Separator,
        settings: StreamSettings,
        path: str = "full",
        delay: float | None = None,
    ) -> None:
        """Raises ConfigError for settings that do not fit."""
        self.stream = separator.stream(path=path, delay=delay, **asdict(settings))
        self.times = StepTimes(self.stream.spec.hop / separator.sample_rate)

    def pieces(self, source: Source) -> Iterator[Audio]:
        skip = self.stream.latency_samples
        for piece in self._delayed(source):
            dropped = min(skip, piece.shape[-1])
            skip -= dropped
            if dropped < piece.shape[-1]:
                yield piece[..., dropped:]

    def _delayed(self, source: Source) -> Iterator[Audio]:
        """The stems of every hop of the input, then what the stream still holds."""
        hop = self.stream.spec.hop
        for block in source.blocks(hop):
            start = time.perf_counter()
            stems = self.stream.process(block)
            if block.shape[1] == hop:  # a shorter last block makes no step
                self.times.add(time.perf_counter() - start)
            yield stems
        yield self.stream.flush()


def told(pieces: Iterator[Audio], source: Source, progress: Progress) -> Iterator[Audio]:
    """The same, of which `progress` hears: before the first, and of each when it is there. How many
    samples the source has may become clear only on the way."""
    done = 0
    progress(done, source.samples)
    for piece in pieces:
        done += piece.shape[-1]
        progress(done, source.samples)
        yield piece


def in_blocks(pieces: Iterator[Audio]) -> Iterator[Audio]:
    """The same in pieces of at most BLOCK samples."""
    for piece in pieces:
        for start in range(0, piece.shape[-1], BLOCK):
            yield piece[..., start : start + BLOCK]
