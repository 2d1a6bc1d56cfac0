"""Files rtsep writes are demucs' own format, exact, and damaged ones are refused."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from demucs.hf import load_safetensors_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from weights_support import SMALL, random_network, same_state

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.architecture import HTDEMUCS
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.files import read_network
from rtsep.weights.safetensors_file import read_config, read_safetensors, write_safetensors

SIX = NetworkConfig(stems=STEMS_6, channels=8, bottom_channels=0, t_heads=4, t_layers=2)
DEEP = NetworkConfig(channels=8, depth=5, nfft=8192, bottom_channels=32, t_heads=4, t_layers=1)


@pytest.mark.parametrize("config", [SMALL, SIX, DEEP], ids=["small", "six", "deep"])
def test_demucs_loads_what_rtsep_wrote(config: NetworkConfig, tmp_path: Path) -> None:
    network = random_network(config=config)
    path = tmp_path / "net0.safetensors"
    write_safetensors(path, network)
    module = load_safetensors_model(path)
    assert module.sources == list(config.stems) and module.segment == config.segment
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, network.state[name]), name
    assert same_state(read_safetensors(path, "net0"), network)
    assert read_config(path) == config


def test_half_precision_only_where_it_is_exact(small: NetworkWeights, tmp_path: Path) -> None:
    exact, inexact = tmp_path / "exact.safetensors", tmp_path / "inexact.safetensors"
    name = next(iter(small.state))
    fine = {**small.state, name: small.state[name] + 1e-7}
    write_safetensors(exact, small)
    write_safetensors(inexact, dataclasses.replace(small, state=fine))
    assert exact.stat().st_size < 0.7 * inexact.stat().st_size
    assert torch.equal(read_safetensors(inexact, "x").state[name], fine[name])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(
    small: NetworkWeights, tmp_path: Path, value: float
) -> None:
    name = next(iter(small.state))
    state = {**small.state, name: torch.full_like(small.state[name], value)}
    path = tmp_path / "bad.safetensors"
    write_safetensors(path, dataclasses.replace(small, state=state))
    with pytest.raises(ModelError, match=f"1 tensors hold NaN or infinite values .{name}"):
        read_safetensors(path, "bad")


def test_integers_are_refused(small: NetworkWeights, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    metadata = {"klass": HTDEMUCS, "args": "[]", "kwargs": json.dumps(plain_arguments())}
    save_file({name: tensor.int() for name, tensor in small.state.items()}, path, metadata)
    with pytest.raises(ModelError, match="are not real numbers"):
        read_safetensors(path, "bad")


def plain_arguments() -> dict[str, Any]:
    return {
        "sources": list(SMALL.stems),
        "channels": 8,
        "bottom_channels": 32,
        "t_heads": 4,
        "t_layers": 3,
        "dconv_mode": 3,
    }


FRACTION = '{"segment": {"_type": "fraction", "numerator": %s, "denominator": %s}}'


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"klass": "demucs.hdemucs.HDemucs", "kwargs": "{}"},
        {"klass": HTDEMUCS},
        {"klass": HTDEMUCS, "kwargs": "{"},
        {"klass": HTDEMUCS, "kwargs": "[]"},
        {"klass": HTDEMUCS, "args": "3"},
        {"klass": HTDEMUCS, "kwargs": FRACTION % (1, 0)},
        {"klass": HTDEMUCS, "kwargs": FRACTION % (1, '"x"')},
        {"klass": HTDEMUCS, "kwargs": '{"segment": {"_type": "fraction"}}'},
        {"klass": HTDEMUCS, "kwargs": "[" * 100_000},
        {"klass": HTDEMUCS, "kwargs": '{"channels": 1' + "0" * 5000 + "}"},
    ],
    ids=range(11),
)
def test_odd_metadata_is_refused(metadata: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata)
    with pytest.raises(ModelError, match=r"odd\.safetensors"):
        read_network(path)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(cut=st.integers(0, 999))
def test_a_truncated_file_is_refused(small: NetworkWeights, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.safetensors"
    write_safetensors(path, small)
    content = path.read_bytes()
    path.write_bytes(content[: cut * len(content) // 1000])
    with pytest.raises(ModelError):
        read_safetensors(path, "cut")


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(header=st.binary(max_size=200), declared=st.integers(0, 2**64 - 1))
def test_random_headers_are_refused(header: bytes, declared: int, tmp_path: Path) -> None:
    path = tmp_path / "random.safetensors"
    path.write_bytes(struct.pack("<Q", declared) + b"{" + header)
    with pytest.raises(ModelError):
        read_network(path)
    path.write_bytes(struct.pack("<Q", len(header) + 1) + b"{" + header)
    with pytest.raises(ModelError):
        read_network(path)
