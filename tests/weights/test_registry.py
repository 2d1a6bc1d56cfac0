"""What rtsep knows of the official models is what demucs itself knows."""

from __future__ import annotations

import math
from pathlib import Path

import demucs
import pytest
import yaml
from demucs.hf import DEFAULT_NAMESPACE, hf_repo_name

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.bags import read_bag
from rtsep.weights.registry import OFFICIAL, model_of_network, unknown_model
from rtsep.weights.shapes import expected_shapes

REMOTE = Path(demucs.__file__).parent / "remote"


@pytest.mark.parametrize("name", OFFICIAL)
def test_bags_are_those_of_demucs(name: str) -> None:
    model = OFFICIAL[name]
    described = yaml.safe_load((REMOTE / f"{name}.yaml").read_text())
    assert list(model.networks) == described["models"]
    weights = described.get("weights")
    assert model.stem_weights == (weights and tuple(tuple(row) for row in weights))
    assert read_bag(REMOTE / f"{name}.yaml").signatures == tuple(model.networks)
    assert model.repository == f"{DEFAULT_NAMESPACE}/{hf_repo_name(name)}"


def test_hashes_are_those_of_demucs() -> None:
    published = (REMOTE / "files.txt").read_text().split()
    for model in OFFICIAL.values():
        for signature, start in model.networks.items():
            assert f"{signature}-{start}.th" in published


def test_parameters_are_those_of_the_architecture() -> None:
    configs = {
        "htdemucs": NetworkConfig(),
        "htdemucs_ft": NetworkConfig(),
        "htdemucs_6s": NetworkConfig(stems=STEMS_6, bottom_channels=0),
    }
    for name, config in configs.items():
        counted = sum(map(math.prod, expected_shapes(config).values()))
        assert OFFICIAL[name].parameters == counted
        assert OFFICIAL[name].stems == config.stems


def test_an_unknown_name_gets_a_suggestion() -> None:
    error = unknown_model("htdemucs-ft", ["mine"])
    assert isinstance(error, ModelError)
    assert "did you mean 'htdemucs_ft'?" in str(error)
    assert "Known: htdemucs, htdemucs_6s, htdemucs_edge, htdemucs_ft, mine" in str(error)
    assert "did you mean" not in str(unknown_model("qqqq", []))


def test_networks_lead_to_their_model() -> None:
    assert model_of_network("92cfc3b6") is OFFICIAL["htdemucs_ft"]
    assert model_of_network("mine") is None
