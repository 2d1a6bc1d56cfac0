"""Which precision "auto" is on this machine: found out once, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch

from rtsep.atomic import write_text_atomically
from rtsep.engine.precision import (
    BF16,
    FP32,
    Precision,
    choose_precision,
    fastest_precision,
    in_8_bits,
)
from rtsep.machine import processor_identity

_BY_NOTE = {wide.name: wide for wide in (FP32, BF16)} | {
    f"int8 and {wide.name}": in_8_bits(wide) for wide in (FP32, BF16)
}


def precision_here(name: str, device: torch.device, cache: Path) -> Precision:
    """As `choose_precision`, where "auto" is the `fastest_precision`, without trying again what was
    tried on this processor."""
    if device.type != "cpu":
        return choose_precision(name, device)
    return choose_precision(name, device, partial(_remembered, cache))


def _remembered(cache: Path, device: torch.device) -> Precision:
    path = _path(cache)
    try:
        return _BY_NOTE[json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, LookupError, TypeError):  # it was not tried, or is damaged
        found = fastest_precision(device)
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        write_text_atomically(path, json.dumps(_note(found)))
    return found


def _note(found: Precision) -> str:
    return next(note for note, precision in _BY_NOTE.items() if precision == found)


def _path(cache: Path) -> Path:
    """Its name stands for everything that decides how fast products are."""
    threads = torch.get_num_threads()
    what = [*processor_identity(), torch.__version__, threads]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    return cache / f"precision-{key}.json"
