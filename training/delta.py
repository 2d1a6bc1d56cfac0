"""A delta that changes nothing yet, and its file; `rtsep.weights.delta` says what one is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from rtsep.weights.delta import FORMAT, FREE, THIN_A, THIN_B, identity

State = Mapping[str, Tensor]
Delta = dict[str, Tensor]


def new_delta(state: State, *, rank: int, free_layers: int, seed: int) -> Delta:
    """One that changes nothing yet."""
    generator = torch.Generator().manual_seed(seed)
    delta: Delta = {}
    last = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("decoder."))
    free = tuple(
        f"{branch}.{level}."
        for branch in ("decoder", "tdecoder")
        for level in range(last - free_layers, last)
    )
    for name, tensor in state.items():
        if tensor.ndim == 1 or name.startswith(free):
            delta[name + FREE] = torch.zeros_like(tensor, dtype=torch.float32)
        elif _is_matrix(name, tensor):
            rows, columns = len(tensor), tensor[0].numel()
            thin = min(rank, rows, columns)
            noise = torch.randn(thin, columns, generator=generator)
            delta[name + THIN_A] = (noise / math.sqrt(columns)).to(tensor.device)
            delta[name + THIN_B] = torch.zeros(rows, thin, device=tensor.device)
    return delta


def write_delta(
    path: Path, delta: State, state: State, *, base: str, facts: Mapping[str, Any]
) -> None:
    """Of the official model `base`, whose weights are `state`. `facts` go into the metadata."""
    metadata = {
        "format": FORMAT,
        "base": base,
        "base_sha256": identity(state),
        "facts": json.dumps(facts),
    }
    halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in delta.items()}
    save_file(halves, path, metadata=metadata)


def _is_matrix(name: str, tensor: Tensor) -> bool:
    """Of a linear layer or a convolution; embeddings are tables."""
    return tensor.ndim >= 2 and "embedding" not in name
