"""All tensors of a network are found, and another network with them computes the same."""

from __future__ import annotations

import pytest
import torch
from networks import ours, reference, small_config
from torch import Tensor

from rtsep.errors import ModelError
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.state import empty_network
from rtsep.model.tensors import hash_of_weights, put_tensors, tensors_of

FP32, BF16 = torch.float32, torch.bfloat16


def network(precision: torch.dtype, int8: bool) -> HTDemucs:
    made = ours(reference(small_config()), small_config())
    made.set_precision(precision, int8=int8)
    return made


def without_weights(precision: torch.dtype, int8: bool) -> HTDemucs:
    made = empty_network(small_config())
    made.set_precision(precision, int8=int8)
    return made


@pytest.mark.parametrize(("precision", "int8"), [(FP32, False), (BF16, False), (FP32, True)])
@torch.inference_mode()
def test_a_network_is_its_tensors(precision: torch.dtype, int8: bool) -> None:
    """Also those that are packed, which no state_dict has."""
    whole, filled = network(precision, int8), without_weights(precision, int8)
    tensors = tensors_of(whole)
    assert len(tensors) > len(whole.state_dict())
    assert any(tensor.is_mkldnn for tensor in tensors.values())
    put_tensors(filled, tensors)
    mix = 0.1 * torch.randn(1, 2, 30_000)
    assert torch.equal(filled(mix), whole(mix))
    assert hash_of_weights(filled) == hash_of_weights(whole)
    assert not any(parameter.requires_grad for parameter in filled.parameters())


def test_a_network_without_weights_takes_no_memory_for_them() -> None:
    made = without_weights(FP32, True)
    assert all(parameter.is_meta for parameter in made.parameters())


@pytest.mark.parametrize("change", [
    lambda tensors: tensors.pop("cross.freq_tokens.norm.weight"),
    lambda tensors: tensors.update(more=torch.zeros(1)),
])  # fmt: skip
def test_tensors_of_another_network_are_refused(change: object) -> None:
    filled = without_weights(FP32, False)
    tensors: dict[str, Tensor] = tensors_of(network(FP32, False))
    change(tensors)  # type: ignore[operator]
    with pytest.raises(ModelError, match="made in another way"):
        put_tensors(filled, tensors)
    assert all(parameter.is_meta for parameter in filled.parameters())


def test_nothing_is_drawn_that_is_thrown_away() -> None:
    before = torch.get_rng_state()
    HTDemucs(small_config())
    assert torch.equal(torch.get_rng_state(), before)
