"""Arrays of callers, NumPy or torch, to float32 audio on the CPU and back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from rtsep.errors import ConfigError

Array = TypeVar("Array", "np.ndarray[Any, Any]", Tensor)


def checked(audio: np.ndarray[Any, Any] | Tensor, *shape: int) -> tuple[Tensor, int]:
    """`audio` of shape (*shape, n) as finite float32 on the CPU, and how many samples were not.

    Those become silence. Raises ConfigError for another shape, or for integers, whose full scale
    is anybody's guess.
    """
    given = torch.as_tensor(audio)
    if given.shape[:-1] != shape or not given.is_floating_point():
        wanted = ", ".join([*map(str, shape), "n"])
        raise ConfigError(
            f"audio must be floating point of shape ({wanted}), "
            f"got {given.dtype} of shape {tuple(given.shape)}"
        )
    clean = given.detach().to("cpu", torch.float32)
    broken = int(clean.numel() - clean.isfinite().sum())
    return (clean.nan_to_num(0.0, 0.0, 0.0) if broken else clean), broken


def like(result: Tensor, audio: Array) -> Array:
    """`result` as the kind of array that `audio` is."""
    if isinstance(audio, np.ndarray):
        return result.numpy()
    return result.to(audio.device)
