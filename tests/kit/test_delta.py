"""Deltas: what they change, that they are merged as official weights, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from networks import reference, small_config
from safetensors.torch import load_file
from torch import Tensor

from rtsep.model.state import build_network
from rtsep.weights import Checkpoint
from rtsep.weights.delta import identity, merged, read_delta
from training.delta import new_delta, write_delta

CONFIG = small_config(channels=8)
OFFICIAL_MB = 8.0


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return reference(CONFIG).state_dict()


def changed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A delta that changes everything it can."""
    delta = new_delta(state, rank=2, free_layers=1, seed=1)
    generator = torch.Generator().manual_seed(2)
    return {n: t + 0.01 * torch.randn(t.shape, generator=generator) for n, t in delta.items()}


def test_a_new_delta_changes_nothing(state: dict[str, Tensor]) -> None:
    for name, tensor in merged(state, new_delta(state, rank=2, free_layers=1, seed=1)).items():
        assert torch.equal(tensor, state[name]), name


def test_it_changes_matrices_by_little_rank_and_some_tensors_freely(
    state: dict[str, Tensor],
) -> None:
    after = merged(state, changed(state))
    differences = {n: after[n] - t for n, t in state.items() if not torch.equal(after[n], t)}
    assert all(name in differences for name, t in state.items() if t.ndim == 1)
    assert {"decoder.3.conv_tr.weight", "tdecoder.3.rewrite.weight"} < differences.keys()
    assert "freq_emb.embedding.weight" not in differences
    thin = differences["crosstransformer.layers.0.linear1.weight"]
    assert torch.linalg.matrix_rank(thin) == 2
    for name in ("encoder.1.rewrite", "decoder.0.rewrite", "encoder.1.conv", "decoder.0.conv_tr"):
        assert torch.linalg.matrix_rank(differences[f"{name}.weight"].flatten(1)) == 2


def test_the_reference_and_ours_agree_on_merged_weights(state: dict[str, Tensor]) -> None:
    """A delta is of official names, so whoever reads those can have it."""
    after = merged(state, changed(state))
    demucs = reference(CONFIG)
    demucs.load_state_dict(after)
    ours = build_network(CONFIG, after)
    mix = torch.randn(1, 2, 22 * 1024)
    with torch.no_grad():
        torch.testing.assert_close(ours(mix), demucs(mix), rtol=0, atol=2e-4)


def test_a_file_brings_it_back(state: dict[str, Tensor], tmp_path: Path) -> None:
    delta = changed(state)
    write_delta(tmp_path / "d.safetensors", delta, state, base="htdemucs", facts={})
    found = read_delta(tmp_path / "d.safetensors", state)
    assert found.keys() == delta.keys()
    for name in delta:
        torch.testing.assert_close(found[name], delta[name], rtol=1e-3, atol=1e-6)


def test_weights_are_the_same_whatever_precision_they_were_kept_in(
    state: dict[str, Tensor],
) -> None:
    halves = {name: tensor.half() for name, tensor in state.items()}
    assert identity(halves) == identity({name: t.float() for name, t in halves.items()})
    other = {**state, "encoder.0.conv.bias": state["encoder.0.conv.bias"] + 0.01}
    assert identity(other) != identity(state)


def test_of_the_official_network_it_is_small(official: Checkpoint, tmp_path: Path) -> None:
    from training.settings import Settings

    (weights,) = official.networks
    settings = Settings()
    delta = new_delta(
        weights.state, rank=settings.rank, free_layers=settings.free_layers, seed=settings.seed
    )
    write_delta(tmp_path / "d.safetensors", delta, weights.state, base="htdemucs", facts={})
    assert (tmp_path / "d.safetensors").stat().st_size < OFFICIAL_MB * 1e6
    assert len(load_file(tmp_path / "d.safetensors")) == len(delta)
