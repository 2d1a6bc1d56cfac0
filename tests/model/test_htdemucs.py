"""Our network computes what the reference implementation computes, from the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from music import mixture
from networks import ours, reference, small_config

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ConfigError
from rtsep.model.state import build_network
from rtsep.weights import Checkpoint

LENGTHS = [
    88064,
    44100,
    88063,
    5001,
    300,
]  # whole frames, odd, shorter than a window or the padding


def assert_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stems": STEMS_6},
        {"cac": False},
        {"cac": False, "stems": STEMS_6},
        {"bottom_channels": 0},
        {"nfft": 1024, "depth": 3, "channels": 24, "bottom_channels": 0, "t_layers": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("samples", LENGTHS)
@torch.inference_mode()
def test_random_weights(changes: dict[str, Any], samples: int) -> None:
    config = small_config(**changes)
    theirs = reference(config)
    mix = torch.from_numpy(mixture(2.0))[None, :, :samples]
    assert_same(ours(theirs, config)(mix), theirs(mix))


@pytest.mark.parametrize("samples", [*LENGTHS, 220_000])
@torch.inference_mode()
def test_official_weights(official: Checkpoint, samples: int) -> None:
    weights = official.networks[0]
    theirs = reference(weights.config)
    theirs.load_state_dict(weights.state)
    mix = torch.from_numpy(mixture(1.0))[None, :, :samples]
    mix = mix / mix.abs().max()  # full scale; the sum of the stems goes far over it
    assert_same(build_network(weights.config, weights.state)(mix), theirs(mix))


@pytest.mark.parametrize("cac", [True, False])
@pytest.mark.parametrize("keep", [(0, 1024), (40_000, 44_097), (88_000, 88_064), (1, 88_063)])
@torch.inference_mode()
def test_keeping_a_stretch_changes_nothing_in_it(cac: bool, keep: tuple[int, int]) -> None:
    config = small_config(cac=cac)
    network = ours(reference(config), config)
    mix = torch.from_numpy(mixture(2.0, 3.0))[None, :, :88064]
    kept = network.separate(mix, network.stft(mix), slice(*keep))
    torch.testing.assert_close(kept, network(mix)[..., slice(*keep)], rtol=0, atol=2e-6)


@torch.inference_mode()
def test_batch_items_do_not_mix() -> None:
    config = small_config()
    network = ours(reference(config), config)
    first, second = torch.from_numpy(mixture(1.0)).float()[:, : 2 * 44_032].split(44_032, -1)
    both = network(torch.stack((first, second)))
    torch.testing.assert_close(both[0], network(first[None])[0], rtol=0, atol=2e-6)
    torch.testing.assert_close(both[1], network(second[None])[0], rtol=0, atol=2e-6)


def test_a_window_longer_than_the_training_segment_is_refused() -> None:
    config = small_config()
    network = ours(reference(config), config)
    with pytest.raises(ConfigError, match=r"343981 samples is longer.*at most 343980"):
        network(torch.zeros(1, 2, config.segment_samples + 1))


def test_official_size(official: Checkpoint) -> None:
    weights = official.networks[0]
    assert weights.config == NetworkConfig()
    assert sum(tensor.numel() for tensor in weights.state.values()) == 41_984_456
