"""Files with small random networks, and sound to separate, for tests of whole commands."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import torch
from demucs.htdemucs import HTDemucs
from networks import reference, small_config

from rtsep.audio.writer import write_file
from rtsep.weights.architecture import arguments_from_config
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.safetensors_file import write_safetensors

RATE = 44_100


@cache
def small_reference(seed: int = 0, **changes: object) -> HTDemucs:
    """Demucs' own network with segments of one second, padded to them as demucs does it."""
    config = small_config(**{"channels": 8, "segment": Fraction(1), **changes})
    network = reference(config)
    network.use_train_segment = True
    if seed:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(1 + 0.3 * torch.randn(parameter.shape, generator=generator))
    return network


def small_weights(seed: int = 0, **changes: object) -> NetworkWeights:
    config = small_config(**{"channels": 8, "segment": Fraction(1), **changes})
    state = small_reference(seed, **changes).state_dict()
    return NetworkWeights(signature=f"small{seed}", config=config, state=state)


def write_mono_model(path: Path) -> Path:
    """As demucs initialises it; the reference of the other tests is stereo."""
    config = small_config(channels=8, segment=Fraction(1), audio_channels=1)
    state = HTDemucs(**arguments_from_config(config)).state_dict()
    write_safetensors(path, NetworkWeights(signature="mono", config=config, state=state))
    return path


def write_small_model(path: Path, **changes: object) -> Path:
    write_safetensors(path, small_weights(**changes))
    return path


def band(seconds: float, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """(channels, samples) of tones under noise, never silent, below full scale."""
    rng = np.random.default_rng(5)
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 220 * time) + 0.2 * np.sin(2 * np.pi * 1000 * time + 1)
    noise = rng.uniform(-0.1, 0.1, (channels, time.size))
    return (tone + noise).astype(np.float32)


def write_band(path: Path, seconds: float, rate: int = RATE, channels: int = 2) -> Path:
    write_file(path, band(seconds, rate, channels), rate)
    return path
