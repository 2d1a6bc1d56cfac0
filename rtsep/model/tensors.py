"""All tensors of a network, taken out and put into another one of the same make.

A state_dict has neither tables that can be computed anew nor what layers have packed for oneDNN,
which is an attribute like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rtsep.errors import ModelError


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """Parameters, buffers and plain attributes, by their path: `cross.time_tokens.norm.weight`."""
    return {
        f"{path}.{name}" if path else name: places[name]
        for path, module in network.named_modules()
        for places, name in _places(module)
    }


def put_tensors(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Let `network` have these in the place of its own. They are not copied.

    Raises ModelError, and changes nothing, unless they are those of such a network.
    """
    if tensors.keys() != tensors_of(network).keys():
        raise ModelError("these tensors are of a network that is made in another way")
    for path, module in network.named_modules():
        for places, name in _places(module):
            tensor = tensors[f"{path}.{name}" if path else name]
            is_parameter = isinstance(places[name], nn.Parameter)
            places[name] = nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor


def hash_of_weights(network: nn.Module) -> str:
    """Of what is left unpacked, which no two trainings share. Without the moments of norms: they
    were computed, and their rounding depends on how many threads did that."""
    digest = hashlib.sha256()
    for name, tensor in network.named_parameters():
        if "moments_" in name:
            continue
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _places(module: nn.Module) -> list[tuple[dict[str, Tensor], str]]:
    """Where a module itself has its tensors: in which of its dictionaries, under which name."""
    own = vars(module)
    return [
        (places, name)
        for places in (own["_parameters"], own["_buffers"], own)
        for name, value in places.items()
        if isinstance(value, Tensor)
    ]
