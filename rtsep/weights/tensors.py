"""Precision of stored tensors: float32 in memory, half on disk where that is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rtsep.errors import ModelError

if TYPE_CHECKING:
    import torch


def widened(tensors: Mapping[str, torch.Tensor], origin: str) -> dict[str, torch.Tensor]:
    """Float32 copies on the CPU; refuses tensors that cannot be weights."""
    import numpy as np
    import torch

    if odd := [name for name, tensor in tensors.items() if not tensor.is_floating_point()]:
        raise ModelError(f"{origin}: {len(odd)} tensors are not real numbers ({odd[0]})")
    state = {
        name: tensor.detach().to("cpu", torch.float32, copy=True).contiguous()
        for name, tensor in tensors.items()
    }
    # NumPy, because torch's threads take ten times as long for this while other programs run.
    if bad := [name for name, tensor in state.items() if not np.isfinite(tensor.numpy()).all()]:
        raise ModelError(f"{origin}: {len(bad)} tensors hold NaN or infinite values ({bad[0]})")
    return state


def narrowed(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Half precision if every value survives it, as the official ones do; else unchanged."""
    import torch

    halves = {name: tensor.half() for name, tensor in state.items()}
    exact = all(torch.equal(halves[name].float(), tensor) for name, tensor in state.items())
    return halves if exact else dict(state)
