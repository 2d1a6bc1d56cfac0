"""A delta: what training changed in an official network, small enough to travel on its own.

A linear layer or a 1x1 convolution changes by a product of two thin matrices, `W + B A`. Biases,
norms, layer scales and the last decoder layers change freely, `W + C`. Names are those of the
official checkpoint, so a delta is merged into its weights before anything else is made of them:
networks with and without one cost the same, in every mode and executor.

On disk it is a safetensors file with `NAME.a`, `NAME.b` or `NAME.c` for a changed tensor NAME.
Metadata says which weights it belongs to; it is refused for others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rtsep.errors import ModelError

FORMAT = "rtsep delta 1"
THIN_A, THIN_B, FREE = ".a", ".b", ".c"

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
            rows, columns = tensor.shape[:2]
            thin = min(rank, rows, columns)
            noise = torch.randn(thin, columns, generator=generator)
            delta[name + THIN_A] = (noise / math.sqrt(columns)).to(tensor.device)
            delta[name + THIN_B] = torch.zeros(rows, thin, device=tensor.device)
    return delta


def merged(state: State, delta: State) -> dict[str, Tensor]:
    """The official weights with the changes. Gradients go through."""
    result = dict(state)
    for key, tensor in delta.items():
        name, kind = key[:-2], key[-2:]
        if kind == FREE:
            result[name] = state[name] + tensor
        elif kind == THIN_B:
            change = tensor @ delta[name + THIN_A]
            result[name] = state[name] + change.view_as(state[name])
    return result


def identity(state: State) -> str:
    """Of weights, whatever file they came from: the hash of all names, shapes and values in half
    precision, which official weights fit into."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float16).contiguous()
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def write_delta(path: Path, delta: State, state: State, facts: Mapping[str, Any]) -> None:
    """`facts` go into the metadata, beside what `read_delta` needs."""
    metadata = {"format": FORMAT, "base_sha256": identity(state), "facts": json.dumps(facts)}
    halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in delta.items()}
    save_file(halves, path, metadata=metadata)


def read_delta(path: Path, state: State) -> Delta:
    """Raises ModelError for files that are no delta, and for deltas of other weights."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            delta = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is no whole delta: {error}") from error
    if metadata.get("format") != FORMAT:
        raise ModelError(
            f"{path} is no delta of this version: its format is {metadata.get('format')!r}, "
            f"and {FORMAT!r} is read"
        )
    ours, theirs = identity(state), metadata.get("base_sha256", "")
    if ours != theirs:
        raise ModelError(
            f"{path} changes other weights than these (sha256 {theirs[:8]}, and these have "
            f"{ours[:8]}); take the ones that it was trained on"
        )
    _check_shapes(path, delta, state)
    return delta


def _is_matrix(name: str, tensor: Tensor) -> bool:
    """Of a linear layer or a 1x1 convolution; embeddings are tables."""
    return tensor.ndim >= 2 and tensor.shape[2:].numel() == 1 and "embedding" not in name


def _check_shapes(path: Path, delta: Delta, state: State) -> None:
    for key in delta:
        if not _fits(key, delta, state) or not delta[key].isfinite().all():
            raise ModelError(f"{path}: {key} does not fit the weights; the file is damaged")


def _fits(key: str, delta: Delta, state: State) -> bool:
    name, kind, shape = key[:-2], key[-2:], delta[key].shape
    if name not in state:
        return False
    if kind == FREE:
        return shape == state[name].shape
    a, b = delta.get(name + THIN_A), delta.get(name + THIN_B)
    if kind not in (THIN_A, THIN_B) or a is None or b is None or a.ndim != 2 or b.ndim != 2:
        return False
    return (b.shape[0], a.shape[1]) == state[name].shape[:2] and a.shape[0] == b.shape[1]
