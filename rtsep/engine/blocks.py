"""Arrays of callers, NumPy or torch, to float32 audio on the CPU and back."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from rtsep.errors import ConfigError

Array = TypeVar("Array", "np.ndarray[Any, Any]", Tensor)


def checked(audio: np.ndarray[Any, Any] | Tensor, *shape: int) -> tuple[Tensor, int]:
    """`audio` of shape (*shape, n) as finite float32 on the CPU, and how many samples were not.

    Those become silence. Raises ConfigError for another shape, for integers, whose full scale is
    anybody's guess, and for the name of a file.
    """
    wanted = f"audio must be floating point of shape ({', '.join([*map(str, shape), 'n'])})"
    if isinstance(audio, str | os.PathLike):
        raise ConfigError(f"{wanted}, got a path; read it first: rtsep.read_audio({str(audio)!r})")
    given = torch.as_tensor(audio)
    if given.shape[:-1] != shape or not given.is_floating_point():
        turned = given.shape[1:] == shape  # as many libraries read it
        raise ConfigError(
            f"{wanted}, got {given.dtype} of shape {tuple(given.shape)}"
            + ("; transpose it, as in audio.T" if turned else "")
        )
    clean = given.detach().to("cpu", torch.float32)
    broken = int(clean.numel() - clean.isfinite().sum())
    return (clean.nan_to_num(0.0, 0.0, 0.0) if broken else clean), broken


def like(result: Tensor, audio: Array) -> Array:
    """`result` as the kind of array that `audio` is."""
    if isinstance(audio, np.ndarray):
        return result.numpy()
    return result.to(audio.device)
