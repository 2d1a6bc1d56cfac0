"""In which number format a network multiplies, and which one is faster here."""

from __future__ import annotations

import time

import torch

from rtsep.config import PRECISIONS
from rtsep.errors import ConfigError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

_SIZE = 512  # of the matrices that are tried, about those of the transformer
_ROUNDS = 5
_WORTH_IT = 0.7  # of the time in float32, for which precision is given away


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """ "auto" is bf16 where it multiplies much faster than fp32, found out by trying.

    Raises ConfigError for unknown names.
    """
    if name not in PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PRECISIONS)}, got {name!r}")
    if name != "auto":
        return _DTYPES[name]
    fp32, bf16 = (_seconds(dtype, device) for dtype in (torch.float32, torch.bfloat16))
    return torch.bfloat16 if bf16 < _WORTH_IT * fp32 else torch.float32


def precision_name(dtype: torch.dtype) -> str:
    """What `choose_precision` made this of."""
    return next(name for name, known in _DTYPES.items() if known is dtype)


def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """Of the fastest of a few products; the first one also sets things up."""
    a = torch.ones(_SIZE, _SIZE, dtype=dtype, device=device)
    fastest = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        float((a @ a)[0, 0])  # waits for the device
        fastest = min(fastest, time.perf_counter() - began)
    return fastest
