"""Tensors that an ONNX file keeps in a second one. That file's name comes from a stranger."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rtsep.atomic import endless
from rtsep.errors import ModelError
from rtsep.weights.architecture import shown


def read_outside(item: Any, path: Path) -> Any:
    """The values, a NumPy array, of a tensor of floats in the file `path` that lie in another file
    beside it. Raises ModelError for files elsewhere, and those that are missing or too short."""
    import numpy as np
    from onnx import helper

    place = {entry.key: entry.value for entry in item.external_data}
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(item.data_type))
    file = _beside(path, place.get("location", ""))
    shape = tuple(item.dims)
    if any(length < 0 for length in shape):
        raise ModelError(f"{path.name}: the tensor {shown(item.name)} is damaged")
    offset, size = _number(place.get("offset"), path), math.prod(shape) * dtype.itemsize
    if "length" in place and _number(place["length"], path) != size:
        raise ModelError(f"{path.name}: the tensor {shown(item.name)} is damaged")
    if offset + size > file.stat().st_size:
        raise ModelError(f"{file.name}, which holds weights of {path.name}, is not whole")
    return np.fromfile(file, dtype.newbyteorder("<"), math.prod(shape), offset=offset).reshape(
        shape
    )


def _beside(path: Path, location: str) -> Path:
    name = location.removeprefix("./")
    if not name or name in (".", "..") or any(mark in name for mark in "/\\:\0"):
        raise ModelError(
            f"{path.name} refused: it wants weights from {shown(location)!r}, which is no file "
            "beside it"
        )
    file = path.parent / name
    if not file.is_file() or endless(file):
        raise ModelError(
            f"{path.name} keeps its weights in a second file, {shown(name)}, which is not beside it"
        )
    return file


def _number(text: str | None, path: Path) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ModelError(f"{path.name}: where its weights lie is damaged")
    return int(text)
