"""A bag of networks with a weight per network and stem. Most bags hold a single network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rtsep.config import NetworkConfig
from rtsep.dsp.stft import STFT
from rtsep.errors import ConfigError
from rtsep.model.htdemucs import HTDemucs


class Bag(nn.Module):
    """Weighted mean of networks, for the wanted stems only; a network nobody wants does not run.

    `stem_weights` is networks x stems. Separates like a single HTDemucs.
    """

    weights: Tensor

    def __init__(
        self,
        networks: Sequence[HTDemucs],
        stem_weights: Sequence[Sequence[float]],
        stems: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        every = networks[0].config.stems
        self.stems = every if stems is None else tuple(stems)
        unknown = [stem for stem in self.stems if stem not in every]
        if unknown or not self.stems:
            raise ConfigError(f"stems must be some of {', '.join(every)}, got {list(self.stems)}")
        columns = [every.index(stem) for stem in self.stems]
        weights = torch.tensor([[row[i] for i in columns] for row in stem_weights])
        heard = weights.any(1)
        self.networks = nn.ModuleList(net for net, on in zip(networks, heard, strict=True) if on)
        self.register_buffer("weights", (weights / weights.sum(0))[heard, None, :, None, None])
        self._columns = columns
        self._every = (tuple(networks), tuple(map(tuple, stem_weights)))

    def only(self, stems: Sequence[str]) -> Bag:
        """The same networks, asked for these stems."""
        return Bag(*self._every, stems).to(self.weights.device)

    @property
    def config(self) -> NetworkConfig:
        """What all networks of the bag share."""
        first: HTDemucs = self.networks[0]  # type: ignore[assignment]
        return first.config

    @property
    def complete(self) -> bool:
        """Whether the stems make up the whole mixture."""
        return set(self.stems) == set(self.config.stems)

    @property
    def stft(self) -> STFT:
        first: HTDemucs = self.networks[0]  # type: ignore[assignment]
        return first.stft

    def separate(self, mix: Tensor, spec: Tensor, keep: slice) -> Tensor:
        """As `HTDemucs.separate`: (b, c, samples), (b, frames, bins, c) -> (b, stems, c, kept)."""
        total: Tensor | None = None
        for network, weight in zip(self.networks, self.weights, strict=True):
            part = network.separate(mix, spec, keep)[:, self._columns] * weight  # type: ignore[operator]
            total = part if total is None else total + part
        assert total is not None
        return total
