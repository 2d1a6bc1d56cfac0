"""A delta as a model: merged into the official weights that are there, refused for others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from weights_support import SMALL, random_network

import rtsep
from rtsep.errors import ModelError
from rtsep.weights import LoggingObserver, NetworkWeights, load_checkpoint
from rtsep.weights.cache import Cache
from rtsep.weights.delta import identity, merged
from rtsep.weights.importing import import_file
from rtsep.weights.listing import summaries
from rtsep.weights.registry import DELTAS, delta_file
from rtsep.weights.resolve import stored
from training.delta import new_delta, write_delta

BASE, SIGNATURE = "htdemucs", "955717e8"


@pytest.fixture(scope="module")
def network() -> NetworkWeights:
    return random_network(config=SMALL)


@pytest.fixture
def cache(network: NetworkWeights, tmp_path: Path) -> Path:
    """A small network in the place of the official one."""
    kept = Cache(tmp_path / "cache")
    kept.store_network(NetworkWeights(signature=SIGNATURE, config=SMALL, state=network.state))
    kept.store_model(BASE, [SIGNATURE], [[1.0] * len(SMALL.stems)])
    return kept.folder


@pytest.fixture
def delta(network: NetworkWeights) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(2)
    plain = new_delta(network.state, rank=2, free_layers=1, seed=1)
    return {n: t + 0.02 * torch.randn(t.shape, generator=generator) for n, t in plain.items()}


@pytest.fixture
def file(network: NetworkWeights, delta: dict[str, Tensor], tmp_path: Path) -> Path:
    path = tmp_path / "edge.safetensors"
    write_delta(path, delta, network.state, base=BASE, facts={})
    return path


def rewritten(path: Path, **metadata: str) -> Path:
    """The same tensors with other metadata."""
    size = int.from_bytes(path.read_bytes()[:8], "little")
    kept = json.loads(path.read_bytes()[8 : 8 + size])["__metadata__"]
    save_file(load_file(path), path, metadata=kept | metadata)
    return path


def refused(path: Path, cache: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as told:
        load_checkpoint(path, cache=cache)
    assert "\n" not in str(told.value)


def test_it_is_a_model_of_its_own(
    network: NetworkWeights, delta: dict[str, Tensor], file: Path, cache: Path
) -> None:
    checkpoint = load_checkpoint(file, cache=cache)
    (found,) = checkpoint.networks
    assert (checkpoint.name, found.signature, found.config) == ("edge", "edge", SMALL)
    halves = {name: tensor.half().float() for name, tensor in delta.items()}
    expected = merged(network.state, halves)
    assert found.state.keys() == expected.keys()
    assert all(torch.equal(found.state[name], expected[name]) for name in expected)
    mix = torch.randn(2, 20_000)
    plain, edge = (
        rtsep.load(name, device="cpu", cache=cache).separate(mix) for name in (BASE, file)
    )
    assert not torch.allclose(plain, edge, atol=1e-3)


def test_a_stored_base_is_used_and_nothing_is_fetched(file: Path, cache: Path) -> None:
    found = stored(file, cache, LoggingObserver())
    assert found and found.name == "edge"
    assert stored(file, cache.parent / "empty", LoggingObserver()) is None


def test_imported_it_has_a_name(file: Path, cache: Path) -> None:
    assert import_file(file, "my_edge", Cache(cache), LoggingObserver()) == "my_edge"
    (named,) = load_checkpoint("my_edge", cache=cache).networks
    (direct,) = load_checkpoint(file, cache=cache).networks
    assert all(torch.equal(named.state[name], t) for name, t in direct.state.items())


def test_one_that_comes_with_rtsep_is_a_model_by_its_name(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one in its place."""
    for module in ("resolve", "listing"):
        monkeypatch.setattr(f"rtsep.weights.{module}.delta_file", lambda name: file)
    (named,) = load_checkpoint("htdemucs_edge", cache=cache).networks
    (direct,) = load_checkpoint(file, cache=cache).networks
    assert all(torch.equal(named.state[name], t) for name, t in direct.state.items())
    assert stored("htdemucs_edge", cache, LoggingObserver())
    assert stored("htdemucs_edge", cache.parent / "empty", LoggingObserver()) is None
    listed = {model.name: model for model in summaries(Cache(cache))}["htdemucs_edge"]
    assert listed.cached and "over htdemucs" in listed.where
    with pytest.raises(ModelError, match="comes with rtsep; choose another --name"):
        import_file(file, "htdemucs_edge", Cache(cache), LoggingObserver())


@pytest.mark.weights
@pytest.mark.parametrize("name", DELTAS)
def test_what_comes_with_rtsep_fits_the_official_weights(name: str, weights_cache: Path) -> None:
    (network,) = load_checkpoint(DELTAS[name], cache=weights_cache).networks
    (changed,) = load_checkpoint(name, cache=weights_cache).networks
    moved = [n for n, t in network.state.items() if not torch.equal(t, changed.state[n])]
    assert len(moved) > 0.9 * len(network.state)
    assert delta_file(name).stat().st_size <= 8e6
    with safe_open(delta_file(name), framework="pt") as found:
        facts = json.loads(found.metadata()["facts"])
    assert all(song["licence"] for song in facts["songs"].values())
    assert not {"lithium", "francium"} & {title.split("-")[-1] for title in facts["songs"]}


def test_other_weights_are_refused(network: NetworkWeights, file: Path, cache: Path) -> None:
    state = {name: 1.1 * tensor for name, tensor in network.state.items()}
    kept = Cache(cache)
    kept.store_network(NetworkWeights(signature=SIGNATURE, config=SMALL, state=state))
    refused(file, cache, rf"edge\.safetensors changes other weights .*{identity(state)[:8]}")


@pytest.mark.parametrize(
    ("metadata", "match"),
    [
        ({"format": "rtsep delta 2"}, "is a delta of another version"),
        ({"base": "htdemucs_ft"}, "no official model of one network; known: htdemucs, htdemucs_6s"),
        ({"base": "../../secret"}, "no official model of one network"),
        ({"format": "something"}, "holds the weights of something else"),
    ],
)
def test_other_metadata_is_refused(
    file: Path, cache: Path, metadata: dict[str, str], match: str
) -> None:
    refused(rewritten(file, **metadata), cache, match)


@pytest.mark.parametrize(
    "name", ["encoder.1.rewrite.weight.a", "encoder.1.rewrite.weight.b", "decoder.3.rewrite.bias.c"]
)
def test_a_tensor_that_does_not_fit_is_refused(
    network: NetworkWeights, delta: dict[str, Tensor], file: Path, cache: Path, name: str
) -> None:
    short = {**delta, name: delta[name][..., :-1]}
    write_delta(file, short, network.state, base=BASE, facts={})
    refused(file, cache, "does not fit the weights")
    write_delta(file, {**delta, "no.such.c": torch.ones(1)}, network.state, base=BASE, facts={})
    refused(file, cache, "no.such.c does not fit the weights")


def test_values_that_are_no_numbers_are_refused(
    network: NetworkWeights, delta: dict[str, Tensor], file: Path, cache: Path
) -> None:
    delta["decoder.3.rewrite.bias.c"][0] = float("nan")
    write_delta(file, delta, network.state, base=BASE, facts={})
    refused(file, cache, "NaN or infinite")


def test_a_torn_file_is_refused(file: Path, cache: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    refused(file, cache, "is not a whole safetensors file")
