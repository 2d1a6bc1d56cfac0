"""What a loaded model is: networks, each with its shape and tensors, and how a bag mixes them.

Knows nothing of files, caches or where the tensors came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtsep.config import NetworkConfig
from rtsep.errors import ConfigError, ModelError
from rtsep.weights.architecture import checked_stems

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class NetworkWeights:
    """One network: tensors are float32 on the CPU, named and shaped as in demucs 4.1's HTDemucs.

    `named` is whether its file names the stems; `notes` are what had to be assumed of it.
    """

    signature: str
    config: NetworkConfig
    state: dict[str, torch.Tensor]
    named: bool = True
    notes: tuple[str, ...] = ()

    def told(self, stems: Sequence[str] | None, complete: bool | None) -> NetworkWeights:
        """The same, if somebody says what its stems are called, in order, and whether they make up
        the whole mixture. Raises ModelError for names that cannot be those."""
        if isinstance(stems, str):
            raise ConfigError(f"stems must be a list of names, got the text {stems!r}")
        config, named = self.config, self.named or bool(stems)
        if stems and len(stems) != len(config.stems):
            raise ModelError(
                f"{self.signature} has {len(config.stems)} stems, {', '.join(config.stems)}, and "
                f"{len(stems)} names were given: {', '.join(stems)}"
            )
        try:
            config = replace(
                config,
                stems=checked_stems(stems, "--stems") if stems else config.stems,
                complete=config.complete if complete is None else complete,
            )
        except ConfigError as error:
            raise ModelError(f"{self.signature}: {error}") from error
        return replace(self, config=config, named=named)

    def all_notes(self) -> tuple[str, ...]:
        """What a person should be told before it is used."""
        if self.named:
            return self.notes
        called = ", ".join(self.config.stems)
        return (
            *self.notes,
            f"the stems of {self.signature} have no names in its file and are called {called}; "
            "name them, in order, with --stems",
        )


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One or more networks; `stem_weights` (networks x stems) says which is heard for what."""

    name: str
    networks: tuple[NetworkWeights, ...]
    stem_weights: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if not self.networks:
            raise ModelError(f"{self.name} holds no network")
        first = self.networks[0].config
        for network in self.networks[1:]:
            other = network.config
            if (other.outputs, other.sample_rate, other.audio_channels) != (
                first.outputs,
                first.sample_rate,
                first.audio_channels,
            ):
                raise ModelError(
                    f"{self.name}: network {network.signature} has other stems, sample rate or "
                    f"channels than {self.networks[0].signature}; a bag cannot mix them"
                )
        shape = [len(row) for row in self.stem_weights]
        if shape != [len(first.stems)] * len(self.networks):
            raise ModelError(
                f"{self.name}: the bag needs {len(self.networks)} x {len(first.stems)} weights "
                f"(networks x stems), got rows of {shape}"
            )
        if not all(sum(column) > 0 for column in zip(*self.stem_weights, strict=True)):
            raise ModelError(f"{self.name}: a stem has no network with a positive weight")

    def told(self, stems: Sequence[str] | None, complete: bool | None) -> Checkpoint:
        """As `NetworkWeights.told`, for all networks."""
        return replace(self, networks=tuple(net.told(stems, complete) for net in self.networks))

    @property
    def stems(self) -> tuple[str, ...]:
        """All that come out, the rest too."""
        return self.networks[0].config.outputs

    @property
    def sample_rate(self) -> int:
        return self.networks[0].config.sample_rate


def bag(
    name: str,
    networks: Sequence[NetworkWeights],
    stem_weights: Sequence[Sequence[float]] | None = None,
) -> Checkpoint:
    """Join networks; without weights each one counts the same for every stem."""
    if stem_weights is None:
        stem_weights = [[1.0] * len(network.config.stems) for network in networks]
    return Checkpoint(
        name=name,
        networks=tuple(networks),
        stem_weights=tuple(tuple(row) for row in stem_weights),
    )
