"""A delta: what training changed in an official network, in a file of a few megabytes.

A linear layer or a convolution changes by a product of two thin matrices, `W + B A`, of as many
rows as W and as many columns as one of its rows has values. Biases, norms, layer scales and the
last decoder layers change freely, `W + C`. Names are those of the
official checkpoint, so a delta is merged into its weights before anything else is made of them:
networks with and without one cost the same, in every mode and executor.

On disk it is a safetensors file with `NAME.a` and `NAME.b`, or `NAME.c`, for a changed tensor NAME.
Its metadata says which official network it changes, and the hash of those weights: for others it is
refused. Knows nothing of training.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rtsep.atomic import endless
from rtsep.errors import ModelError
from rtsep.weights.architecture import shown
from rtsep.weights.checkpoint import Checkpoint, bag
from rtsep.weights.registry import OFFICIAL
from rtsep.weights.tensors import widened

if TYPE_CHECKING:
    from torch import Tensor

FAMILY = "rtsep delta"
FORMAT = f"{FAMILY} 1"
THIN_A, THIN_B, FREE = ".a", ".b", ".c"


def base_of(path: Path) -> str | None:
    """The official model whose weights a file changes; None if the file is no delta.

    Raises ModelError for a delta that is not of this version, or not of an official network.
    """
    metadata = _metadata(path)
    found = metadata.get("format", "")
    if not found.startswith(FAMILY):
        return None
    if found != FORMAT:
        raise ModelError(f"{path} is a delta of another version, {shown(found)}; update rtsep")
    base = metadata.get("base", "")
    if base not in OFFICIAL or len(OFFICIAL[base].networks) > 1:
        raise ModelError(
            f"{path} changes {shown(base)}, which is no official model of one network; "
            f"known: {', '.join(name for name in OFFICIAL if len(OFFICIAL[name].networks) == 1)}"
        )
    return base


def changed(path: Path, base: Checkpoint) -> Checkpoint:
    """The model that a delta makes of these weights, called like its file."""
    (network,) = base.networks
    state = merged(network.state, read_delta(path, network.state))
    return bag(path.stem, [dataclasses.replace(network, signature=path.stem, state=state)])


def read_delta(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In float32. Raises ModelError unless it is a whole delta of exactly these weights."""
    from safetensors import SafetensorError, safe_open

    theirs, ours = _metadata(path).get("base_sha256", ""), identity(state)
    if theirs != ours:
        raise ModelError(
            f"{path} changes other weights than these (sha256 {shown(theirs[:8])}, and these have "
            f"{ours[:8]}); take those that it was trained on"
        )
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
            for name in shapes:  # before any memory is spent on them
                if not _fits(name, shapes, state):
                    raise ModelError(f"{path}: {shown(name)} does not fit the weights")
            tensors = {name: file.get_tensor(name) for name in shapes}
    except SafetensorError as error:
        raise ModelError(f"{path} is no whole delta: {shown(str(error))}") from error
    return widened(tensors, path.name)


def merged(state: Mapping[str, Tensor], delta: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The official weights with the changes. Gradients go through."""
    result = dict(state)
    for key, tensor in delta.items():
        name, kind = key[:-2], key[-2:]
        if kind == FREE:
            result[name] = state[name] + tensor
        elif kind == THIN_B:
            result[name] = state[name] + (tensor @ delta[name + THIN_A]).view_as(state[name])
    return result


def identity(state: Mapping[str, Tensor]) -> str:
    """Of weights, whatever file they came from: the hash of all names, shapes and values in half
    precision, which official weights fit into."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float16).contiguous()
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _metadata(path: Path) -> dict[str, str]:
    """Of a safetensors file; nothing for any other file, or none that can be read."""
    from safetensors import SafetensorError, safe_open

    try:
        if endless(path) or not path.is_file():
            return {}
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError):
        return {}


def _fits(key: str, shapes: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor]) -> bool:
    name, kind, shape = key[:-2], key[-2:], shapes[key]
    if name not in state:
        return False
    whole = tuple(state[name].shape)
    if kind == FREE:
        return shape == whole
    a, b = shapes.get(name + THIN_A, ()), shapes.get(name + THIN_B, ())
    if kind not in (THIN_A, THIN_B) or len(a) != 2 or len(b) != 2 or len(whole) < 2:
        return False
    return (*b, *a) == (whole[0], a[0], b[1], math.prod(whole[1:]))
