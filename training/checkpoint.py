"""A training run on disk, so that it can go on elsewhere: three files of safetensors, each small
enough to be copied where little can be.

`student.safetensors` has the delta as it learns, and in its metadata the settings and how far it
came; `average.safetensors` its average over steps; `moments.safetensors` what the optimizer
remembers, in bfloat16.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import ModelError
from rtsep.weights.delta import identity
from training.delta import Delta, State
from training.settings import Settings

STUDENT, AVERAGE, MOMENTS = "student.safetensors", "average.safetensors", "moments.safetensors"
FIRST, SECOND = "first:", "second:"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Tensors that training changes in place, and numbers that come with them."""

    learning: Delta
    average: Delta
    facts: dict[str, Any]  # step, seconds, best


def save(
    folder: Path,
    progress: Progress,
    settings: Settings,
    state: State,
    optimizer: torch.optim.Optimizer,
) -> None:
    metadata = {
        "base_sha256": identity(state),
        "settings": json.dumps(asdict(settings)),
        "facts": json.dumps(progress.facts),
    }
    for name, tensors in ((AVERAGE, progress.average), (STUDENT, progress.learning)):
        there = {n: tensor.detach().cpu().contiguous() for n, tensor in tensors.items()}
        _write(folder / name, there, metadata)
    moments: dict[str, Tensor] = {}
    for name, tensor in progress.learning.items():
        kept = optimizer.state.get(tensor, {})
        if kept:
            moments[FIRST + name] = kept["exp_avg"].bfloat16().cpu()
            moments[SECOND + name] = kept["exp_avg_sq"].bfloat16().cpu()
    _write(folder / MOMENTS, moments, {})


def load(folder: Path, settings: Settings, state: State) -> Progress | None:
    """None where there is none yet. Raises ModelError for one of other weights or another size."""
    path = folder / STUDENT
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    found = json.loads(metadata["settings"])
    if metadata["base_sha256"] != identity(state):
        raise ModelError(f"{path} is a training of other weights; begin anew in another folder")
    for name in ("rank", "free_layers", "window"):
        if found[name] != getattr(settings, name):
            raise ModelError(
                f"{path} was trained with {name} {found[name]}, not {getattr(settings, name)}; "
                "give the same, or begin anew in another folder"
            )
    return Progress(
        learning=load_file(path),
        average=load_file(folder / AVERAGE),
        facts=json.loads(metadata["facts"]),
    )


def load_moments(
    folder: Path, learning: Delta, optimizer: torch.optim.Optimizer, step: int
) -> None:
    """Give an optimizer of these tensors what it remembered, if that is there."""
    path = folder / MOMENTS
    if not path.exists():
        return
    moments = load_file(path)
    for name, tensor in learning.items():
        if FIRST + name in moments:
            optimizer.state[tensor] = {
                "step": torch.tensor(float(step), device=tensor.device),
                "exp_avg": moments[FIRST + name].to(tensor.device, torch.float32),
                "exp_avg_sq": moments[SECOND + name].to(tensor.device, torch.float32),
            }


def _write(path: Path, tensors: Delta, metadata: dict[str, str]) -> None:
    write_atomically(path, lambda part: save_file(tensors, part, metadata=metadata))
