"""Every official parameter becomes a part of ours, and all of ours come from somewhere."""

from __future__ import annotations

import pytest
import torch
from networks import reference, small_config

from rtsep.model.htdemucs import HTDemucs
from rtsep.model.state import convert


@pytest.mark.parametrize("changes", [{}, {"bottom_channels": 0}, {"cac": False}, {"t_layers": 1}])
def test_names_and_shapes_are_those_of_our_network(changes: dict[str, object]) -> None:
    config = small_config(**changes)
    wanted = {name: tensor.shape for name, tensor in HTDemucs(config).state_dict().items()}
    found = convert(config, dict(reference(config).named_parameters()))
    assert {name: tensor.shape for name, tensor in found.items()} == wanted


def test_every_official_parameter_matters() -> None:
    """Changing any of them changes something in ours, so that none is forgotten or overwritten."""
    config = small_config(t_layers=2)
    official = {name: tensor.detach() for name, tensor in reference(config).named_parameters()}
    before = convert(config, official)
    for name, tensor in official.items():
        after = convert(config, official | {name: tensor + 0.5})
        assert any(not torch.equal(after[key], before[key]) for key in before), name


def test_an_unknown_parameter_is_a_bug() -> None:
    config = small_config()
    official = dict(reference(config).named_parameters()) | {"extra": torch.zeros(1)}
    with pytest.raises(AssertionError, match="extra"):
        convert(config, official)
