"""The smallest network there can be, for files that are made and read thousands of times."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import torch

from rtsep.config import NetworkConfig
from rtsep.engine.separator import Separator
from rtsep.model.bag import Bag
from rtsep.model.state import build_network
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.safetensors_file import write_safetensors
from rtsep.weights.shapes import expected_shapes

CONFIG = NetworkConfig(
    channels=8, depth=1, nfft=64, bottom_channels=0, t_layers=2, t_heads=1,
    segment=Fraction(1), sample_rate=8000,
)  # fmt: skip


@cache
def network() -> NetworkWeights:
    generator = torch.Generator().manual_seed(1)
    state = {
        name: (0.1 * torch.randn(shape, generator=generator)).half().float()
        for name, shape in expected_shapes(CONFIG).items()
    }
    return NetworkWeights(signature="tiny", config=CONFIG, state=state)


def write_model(path: Path) -> Path:
    write_safetensors(path, network())
    return path


@cache
def separator() -> Separator:
    bag = Bag([build_network(CONFIG, network().state)], [[1.0] * len(CONFIG.stems)])
    return Separator("tiny", bag, torch.device("cpu"))
