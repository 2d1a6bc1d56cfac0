"""A network like the official one, but small and untrained: for timing what is around it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import torch
from demucs.htdemucs import HTDemucs

from rtsep.config import NetworkConfig
from rtsep.weights.architecture import arguments_from_config
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.safetensors_file import write_safetensors


def write_small_model(path: Path) -> Path:
    """A file for `--model`, with windows of up to a second."""
    config = NetworkConfig(
        channels=8, bottom_channels=32, t_layers=3, t_heads=4, segment=Fraction(1)
    )
    torch.manual_seed(1)
    state = HTDemucs(**arguments_from_config(config)).state_dict()
    write_safetensors(path, NetworkWeights(signature="small", config=config, state=state))
    return path
