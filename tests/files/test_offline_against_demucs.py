"""Offline separation is that of demucs, segment by segment and network by network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from demucs.apply import BagOfModels, apply_model
from demucs.htdemucs import HTDemucs
from music import mixture
from small_models import RATE, band, small_reference, small_weights

from rtsep.engine.offline import separate_segments
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.model.bag import Bag
from rtsep.model.htdemucs import HTDemucs as Ours
from rtsep.setup.load import load
from rtsep.weights import Checkpoint
from rtsep.weights.cache import Cache

WEIGHTS = ((1.0, 0.0, 2.0, 0.0), (0.0, 1.0, 1.0, 0.0), (0.0, 0.0, 0.5, 0.25))


def demucs(model: HTDemucs | BagOfModels, mix: np.ndarray, overlap: float = 0.25) -> np.ndarray:
    with torch.no_grad():
        out = apply_model(model, torch.from_numpy(mix)[None], shifts=0, overlap=overlap)
    return out[0].numpy()


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    peak = np.abs(theirs).max()
    assert peak > 1e-5
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * min(1, peak))


@pytest.mark.parametrize(
    "samples",
    [1, 1000, RATE - 1, RATE, RATE + 1, 3 * RATE // 4, RATE * 7 // 4, 2 * RATE, 101_011],
)
def test_lengths(small_separator: Separator, samples: int) -> None:
    mix = band(3)[:, :samples]
    assert_same(small_separator.separate(mix), demucs(small_reference(), mix))


@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.5, 0.75])
def test_overlaps(small_separator: Separator, overlap: float) -> None:
    mix = band(1.7)
    ours = small_separator.separate(mix, overlap=overlap)
    assert_same(ours, demucs(small_reference(), mix, overlap))


def test_pieces_are_the_whole(small_separator: Separator) -> None:
    mix = band(2.9)
    pieces = list(small_separator.separate_in_pieces(torch.from_numpy(mix)))
    assert len(pieces) == 4
    np.testing.assert_array_equal(torch.cat(pieces, -1), small_separator.separate(mix))


def streamed(separator: Separator, mix: np.ndarray, size: int, batch: int = 1) -> np.ndarray:
    blocks = torch.from_numpy(mix).split(size, -1)
    pieces = list(separator.separate_blocks(blocks, batch=batch, alike=True))
    np.testing.assert_array_equal(torch.cat([under for _, under in pieces], -1), mix)
    return torch.cat([stems for stems, _ in pieces], -1).numpy()


@pytest.mark.parametrize("samples", [1, RATE - 1, RATE + 1, RATE * 7 // 4, 101_011])
def test_blocks_change_nothing(small_separator: Separator, samples: int) -> None:
    mix = band(3)[:, :samples]
    whole = streamed(small_separator, mix, samples)
    for size in (8192, RATE):
        np.testing.assert_array_equal(streamed(small_separator, mix, size), whole)


@pytest.mark.parametrize("batch", [2, 5])
def test_segments_together_are_those_alone(small_separator: Separator, batch: int) -> None:
    mix = band(3.3)
    assert_same(streamed(small_separator, mix, 8192, batch), streamed(small_separator, mix, 8192))


class Narrow:
    """A network on a card whose memory holds `room` windows at once."""

    def __init__(self, network: Bag, room: int) -> None:
        self._network, self._room = network, room
        self.config, self.stft = network.config, network.stft
        self.batches: list[int] = []

    def separate(self, mix: torch.Tensor, *rest: Any) -> torch.Tensor:
        self.batches.append(len(mix))
        if len(mix) > self._room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._network.separate(mix, *rest)


def narrow(separator: Separator, room: int) -> tuple[Narrow, Callable[[], torch.Tensor]]:
    network = Narrow(separator._bag, room)
    blocks = torch.from_numpy(band(6.3)).split(8192, -1)
    pieces = separate_segments(
        network,  # type: ignore[arg-type]
        blocks,
        overlap=0.25,
        device=torch.device("cpu"),
        batch=8,
    )
    return network, lambda: torch.cat([stems for stems, _ in pieces], -1)


def test_a_batch_is_what_the_memory_holds(small_separator: Separator) -> None:
    network, separate = narrow(small_separator, room=3)
    assert_same(separate().numpy(), small_separator.separate(band(6.3)))
    assert [size for size in network.batches if size > 3] == [8, 4], "each is tried once"
    assert max(network.batches[2:]) == 2


def test_no_memory_for_a_single_segment_is_an_error(small_separator: Separator) -> None:
    _, separate = narrow(small_separator, room=0)
    with pytest.raises(torch.OutOfMemoryError):
        separate()


@pytest.mark.parametrize("overlap", [-0.1, 1.0, 0.99999999, float("nan")])
def test_overlaps_that_leave_no_step(small_separator: Separator, overlap: float) -> None:
    with pytest.raises(ConfigError, match="overlap"):
        small_separator.separate(band(0.1), overlap=overlap)


def test_other_stems_and_rates(tmp_path: Path) -> None:
    """Six stems at 22.05 kHz: nothing is made for four at 44.1. Names that are not the official
    ones need not be all of the mix, so that there is a rest."""
    changes = {"stems": ("a", "b", "c", "d", "e", "f"), "sample_rate": 22_050}
    separator = store(tmp_path, [small_weights(**changes)], [[1.0] * 6])
    mix = band(1.5, 22_050)
    assert (separator.sample_rate, separator.stems) == (22_050, (*"abcdef", "rest"))
    assert_same(separator.separate(mix)[:6], demucs(small_reference(**changes), mix))


def store(
    folder: Path, networks: Sequence[object], weights: Sequence[Sequence[float]]
) -> Separator:
    """A bag as it lies in the cache, loaded by name."""
    cache = Cache(folder)
    for network in networks:
        cache.store_network(network)  # type: ignore[arg-type]
    cache.store_model("bag", [network.signature for network in networks], weights)  # type: ignore[attr-defined]
    return load("bag", "cpu", cache=folder)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Separator:
    networks = [small_weights(seed) for seed in range(3)]
    return store(tmp_path_factory.mktemp("bag"), networks, WEIGHTS)


@pytest.fixture(scope="module")
def bag_of_demucs() -> np.ndarray:
    models = [small_reference(seed) for seed in range(3)]
    return demucs(BagOfModels(models, [list(row) for row in WEIGHTS]), band(1.5))


def test_bag(bag: Separator, bag_of_demucs: np.ndarray) -> None:
    assert_same(bag.separate(band(1.5)), bag_of_demucs)


@pytest.mark.parametrize(
    ("stems", "networks"),
    [
        (["drums"], {0}),
        (["bass"], {1}),
        (["vocals"], {2}),
        (["vocals", "drums"], {0, 2}),
        (["other"], {0, 1, 2}),
        (["vocals", "other", "bass", "drums"], {0, 1, 2}),
    ],
)
def test_a_network_nobody_wants_does_not_run(
    bag: Separator,
    bag_of_demucs: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    stems: list[str],
    networks: set[int],
) -> None:
    ran, separate = [], Ours.separate

    def counted(self: Ours, *args: object) -> torch.Tensor:
        ran.append(self)
        return separate(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Ours, "separate", counted)
    ours = bag.separate(band(1.5), stems=stems)
    assert_same(ours, bag_of_demucs[[bag.stems.index(stem) for stem in stems]])
    assert len(ran) == 2 * len(networks)  # a segment each
    assert {list(bag._bag.networks).index(network) for network in ran} == networks  # type: ignore[arg-type]


def test_official_weights(separator: Separator, official: Checkpoint) -> None:
    """Six seconds of music are one segment; the tests above overlap many."""
    from rtsep.weights.safetensors_file import arguments_from_config

    (network,) = official.networks
    theirs = HTDemucs(**arguments_from_config(network.config))
    theirs.load_state_dict(network.state)
    mix = mixture(0, 6)
    assert mix.shape == (2, 6 * RATE)
    assert_same(separator.separate(mix), demucs(theirs.eval(), mix))
