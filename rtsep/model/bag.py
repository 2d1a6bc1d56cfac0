"""A bag of networks with a weight per network and stem. Most bags hold a single network."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from rtsep.config import REST, NetworkConfig
from rtsep.dsp.stft import STFT
from rtsep.errors import ConfigError
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.past import NOTHING, Past


class Bag(nn.Module):
    """Weighted mean of networks, for the wanted stems only; a network nobody wants does not run.

    `stem_weights` is networks x stems. Separates like a single HTDemucs, but for a last stem where
    the networks' own do not make up the mixture: the rest, which takes all of them to know.
    """

    weights: Tensor  # (networks, 1, stems, 1, 1)
    columns: Tensor  # where the stems that are computed are among those of a network
    order: Tensor  # where the wanted stems are among those that are computed, the rest behind them

    def __init__(
        self,
        networks: Sequence[HTDemucs],
        stem_weights: Sequence[Sequence[float]],
        stems: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        config = networks[0].config
        every = config.stems
        self.stems = config.outputs if stems is None else tuple(stems)
        _check_stems(self.stems, config.outputs)
        self._with_rest = config.has_rest and REST in self.stems
        computed = every if self._with_rest else self.stems
        columns = [every.index(stem) for stem in computed]
        weights = torch.tensor([[row[i] for i in columns] for row in stem_weights])
        heard = weights.any(1)
        self.networks = nn.ModuleList(net for net, on in zip(networks, heard, strict=True) if on)
        self.register_buffer("weights", (weights / weights.sum(0))[heard, None, :, None, None])
        self.register_buffer("columns", torch.tensor(columns))
        self._single = len(self.networks) == 1 and columns == list(range(len(every)))
        self._in_order = not self._with_rest or self.stems == config.outputs
        order = [(*computed, REST).index(stem) for stem in self.stems]
        self.register_buffer("order", torch.tensor(order))
        self.every_network = tuple(networks)  # also those that nobody hears
        self.stem_weights = tuple(map(tuple, stem_weights))

    def only(self, stems: Sequence[str]) -> Bag:
        """The same networks, asked for these stems."""
        return Bag(self.every_network, self.stem_weights, stems).to(self.weights.device)

    @property
    def config(self) -> NetworkConfig:
        """What all networks of the bag share."""
        return cast("HTDemucs", self.networks[0]).config

    def set_precision(self, precision: torch.dtype, *, int8: bool = False) -> None:
        """As `HTDemucs.set_precision`, for every network."""
        for network in self.every_network:
            network.set_precision(precision, int8=int8)

    @property
    def complete(self) -> bool:
        """Whether the networks' stems are all here and make up the whole mixture."""
        return not self.config.has_rest and set(self.stems) == set(self.config.stems)

    @property
    def stft(self) -> STFT:
        return cast("HTDemucs", self.networks[0]).stft

    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor:
        """As `HTDemucs.separate`: (b, c, samples), (b, frames, bins, c) -> (b, stems, c, kept)."""
        computed = self._computed(mix, spec, keep, past)
        if not self._with_rest:
            return computed
        rest = mix[..., keep] - computed.sum(1)
        stems = torch.cat((computed, rest[:, None]), 1)
        return stems if self._in_order else stems.index_select(1, self.order)

    def _computed(self, mix: Tensor, spec: Tensor, keep: slice, past: Past) -> Tensor:
        networks = cast("list[HTDemucs]", list(self.networks))
        if self._single:
            return networks[0].separate(mix, spec, keep, past)
        parts: Iterator[Tensor] = (
            network.separate(mix, spec, keep, past).index_select(1, self.columns) * weight
            for network, weight in zip(networks, self.weights, strict=True)
        )
        return functools.reduce(Tensor.add, parts)


def _check_stems(stems: tuple[str, ...], every: tuple[str, ...]) -> None:
    if not stems or any(stem not in every for stem in stems):
        raise ConfigError(f"stems must be some of {', '.join(every)}, got {list(stems)}")
    if len(set(stems)) < len(stems):
        raise ConfigError(f"each stem can be asked for once, got {list(stems)}")
