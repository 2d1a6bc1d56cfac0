"""Small random networks, in the reference implementation and in ours, with the same weights."""

from __future__ import annotations

import torch
from demucs.htdemucs import HTDemucs as Reference

from rtsep.config import STEMS_4, NetworkConfig
from rtsep.model.bag import Bag
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.state import build_network


def reference(config: NetworkConfig, *, use_train_segment: bool = False) -> Reference:
    """The reference network with random weights, none of them near zero."""
    torch.manual_seed(1)
    network = Reference(
        list(config.stems),
        channels=config.channels,
        growth=config.growth,
        nfft=config.nfft,
        depth=config.depth,
        cac=config.cac,
        bottom_channels=config.bottom_channels,
        t_layers=config.t_layers,
        t_heads=config.t_heads,
        dconv_mode=3,
        segment=config.segment,
        samplerate=config.sample_rate,
        use_train_segment=use_train_segment,
    )
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:  # biases, norms and layer scales begin as zeros, ones or 1e-4
                parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def small_config(**changes: object) -> NetworkConfig:
    settings: dict[str, object] = {
        "stems": STEMS_4, "channels": 16, "bottom_channels": 32, "t_layers": 3, "t_heads": 4,
    }  # fmt: skip
    return NetworkConfig(**(settings | changes))  # type: ignore[arg-type]


def ours(network: Reference, config: NetworkConfig) -> HTDemucs:
    return build_network(config, network.state_dict())


def small_bag(**changes: object) -> Bag:
    """A bag of one small random network, for tests that need just some network."""
    config = small_config(**changes)
    return Bag([ours(reference(config), config)], [[1.0] * len(config.stems)])
