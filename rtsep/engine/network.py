"""What the engine needs of a network, and the one that returns its input."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from rtsep.config import NetworkConfig
from rtsep.dsp.stft import ISTFT, STFT
from rtsep.model.past import NOTHING, Past


class Network(Protocol):
    """`rtsep.model.bag.Bag`, or a stand-in."""

    @property
    def config(self) -> NetworkConfig: ...
    @property
    def stems(self) -> tuple[str, ...]: ...
    @property
    def complete(self) -> bool:
        """Whether a residual belongs to all stems alike. If not, the last one of all is the rest,
        which leaves none; or only some stems are there."""

    @property
    def stft(self) -> STFT: ...
    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor: ...


class IdentityNetwork:
    """Gives the first stem the mixture and the others silence.

    Half of the signal goes through the spectrum and the ISTFT, so that both paths are proved.
    """

    complete = True

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        self.stems = config.stems
        self.stft = STFT(config.nfft)
        self._istft = ISTFT(config.nfft)

    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor:
        first, stop, _ = keep.indices(mix.shape[-1])
        from_spec = self._istft(spec.permute(0, 3, 1, 2), first, stop - first)
        heard = (from_spec + mix[..., first:stop]) / 2
        silent = torch.zeros_like(heard)
        return torch.stack([heard] + [silent] * (len(self.stems) - 1), 1)
