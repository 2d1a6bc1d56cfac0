"""One step of a stream: a hop of audio in, a hop of stems out, `lookahead` samples behind.

A step counts (`advance`) and computes (`compute`). Once the window is full, the latter is the same
for all steps, shapes are fixed and state is written in place, so that it can be recorded whole.
Knows nothing of block sizes. `exact.py` and `incremental.py` say how a step estimates; what is done
with an estimate is the same for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.engine.network import Network
from rtsep.executors.executor import Executor


class Step(ABC):
    """A stream's step, and all that the stream remembers between two of them."""

    def __init__(
        self, network: Network, spec: StreamSpec, batch: int, device: torch.device
    ) -> None:
        self.network = network
        self.spec = spec
        self.device = device
        self.batch = batch
        self._fade_in = _fade_in(spec.crossfade, device)
        # This step's estimate of what the next one emits first.
        self._overlap = self.silence(
            len(network.stems), network.config.audio_channels, spec.crossfade
        )
        # How much the newer estimate counts. State, so that a recorded step can do without the
        # older one.
        self._blend = self._fade_in.clone()

    def run(self, block: Tensor, compute: Executor) -> Tensor:
        """block (b, c, hop) -> stems (b, stems, c, hop). `compute` runs `self.compute`."""
        self.advance()
        return compute(block)

    def compute(self, block: Tensor) -> Tensor:
        """The part of a step that is work for the device; what a graph captures."""
        return self._crossfade(self.estimate(block))

    def skip(self, block: Tensor) -> None:
        """Take in a hop (b, c, hop) whose stems nobody needs any more, at hardly any cost."""
        self.pass_over(block)
        self._blend.fill_(1)  # nothing was estimated beforehand

    def reset(self) -> None:
        """Back to the state of a new stream."""
        self._overlap.zero_()
        self._blend.copy_(self._fade_in)
        self.forget()

    def state(self) -> list[Tensor]:
        """Every tensor that changes from step to step, always in the same order. They are never
        replaced by others once the stream is steady, unless it adopts another spec."""
        return [self._overlap, self._blend, *self.remembered()]

    @property
    @abstractmethod
    def steady(self) -> bool:
        """Whether the next step computes what all steps compute once the window is full."""

    @abstractmethod
    def adopt(self, spec: StreamSpec) -> None:
        """Go on with another hop or refresh. All else of `spec` is as before."""

    @abstractmethod
    def advance(self) -> None:
        """The part of a step that counts."""

    @abstractmethod
    def estimate(self, block: Tensor) -> Tensor:
        """block (b, c, hop) -> stems (b, stems, c, hop + crossfade); all of a network's, and what
        is the rest of them, sum to the mixture."""

    @abstractmethod
    def remembered(self) -> list[Tensor]:
        """As `state`: what the mode needs of the past."""

    @abstractmethod
    def pass_over(self, block: Tensor) -> None:
        """Count and take in a hop, without an estimate."""

    @abstractmethod
    def fill(self) -> None:
        """After a reset: as if a whole window of silence had come."""

    @abstractmethod
    def forget(self) -> None:
        """Everything that came so far."""

    def silence(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """(b, *shape), where this stream computes."""
        return torch.zeros((self.batch, *shape), dtype=dtype, device=self.device)

    def _crossfade(self, stems: Tensor) -> Tensor:
        """Blend the first samples with the previous step's estimate of them."""
        length, hop = self.spec.crossfade, self.spec.hop
        head = self._overlap.lerp(stems[..., :length], self._blend)
        self._overlap.copy_(stems[..., hop:])
        self._blend.copy_(self._fade_in)
        return torch.cat((head, stems[..., length:hop]), -1)


def shift_in(audio: Tensor, block: Tensor) -> None:
    """Move the newest audio (..., n) on by a block, in place."""
    audio.copy_(torch.cat((audio[..., block.shape[-1] :], block), -1))


def share_residual(stems: Tensor, mix: Tensor, among: slice = slice(None)) -> None:
    """Give what the stems lack of the mixture to those `among` them, in equal parts, in place.

    (b, stems, c, n), (b, c, n): afterwards the stems sum to the mixture.
    """
    heirs = stems[:, among]
    heirs += ((mix - stems.sum(1)) / heirs.shape[1])[:, None]


def _fade_in(length: int, device: torch.device) -> Tensor:
    """Weights of the newer estimate, a straight line without its ends 0 and 1."""
    return torch.linspace(0, 1, length + 2, device=device)[1:-1]
