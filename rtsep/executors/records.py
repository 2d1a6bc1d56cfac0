"""A tensor as plain bytes, and a `Record` that says how to make a tensor of them again.

Tensors that oneDNN has laid out in an order of its own can be kept too.
"""

from __future__ import annotations

import base64
import ctypes
import functools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rtsep.errors import CompileError


@dataclass(frozen=True)
class Record:
    """A tensor: its shape and either its bytes or the name of the file that has them."""

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    bytes: int
    content: str = ""  # base64
    file: str = ""
    # How oneDNN lays out a tensor of its own, in its words (base64); empty for all others.
    layout: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Record:
        return cls(**fields | {name: tuple(fields[name]) for name in ("shape", "strides")})


def to_bytes(tensor: Tensor) -> tuple[Record, bytes]:
    """The bytes, and a record that lacks a place where they are kept."""
    shape, layout = tuple(tensor.shape), ""
    if tensor.is_mkldnn:
        strides = (1,) * len(shape)
        layout = as_text(bytes(torch.ops.mkldnn._get_mkldnn_serialized_md(tensor).tolist()))
        size = torch.ops.mkldnn._nbytes(tensor)
        content = ctypes.string_at(torch.ops.mkldnn.data_ptr(tensor), size)
    else:
        tensor = tensor.detach().clone()  # compact: a view would bring all that it views
        strides = tuple(tensor.stride())
        size = tensor.untyped_storage().nbytes()
        content = ctypes.string_at(tensor.data_ptr(), size)
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Record(dtype, shape, strides, size, layout=layout), content


def from_bytes(storage: Tensor, record: Record) -> Tensor:
    """The tensor over these bytes, which are not copied.

    Raises CompileError if this PyTorch knows no such layout.
    """
    dtype = getattr(torch, record.dtype)
    if record.layout:
        return _of_onednn(storage, record, dtype)
    return storage.view(dtype).as_strided(record.shape, record.strides)


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _of_onednn(storage: Tensor, record: Record, dtype: torch.dtype) -> Tensor:
    """A tensor in a layout of oneDNN's own, over bytes that are there. PyTorch has this for its
    compiled packages only, in the interface that those are linked with."""
    library = _library()
    layout = base64.b64decode(record.layout)
    sizes = ctypes.c_int64 * len(record.shape)
    handle = ctypes.c_void_p()
    failed = library.aoti_torch_create_tensor_from_blob_v2(
        ctypes.c_void_p(storage.data_ptr()),
        ctypes.c_int64(len(record.shape)),
        sizes(*record.shape),
        sizes(*record.strides),
        ctypes.c_int64(0),
        ctypes.c_int32(getattr(library, f"aoti_torch_dtype_{dtype}".replace("torch.", ""))()),
        ctypes.c_int32(library.aoti_torch_device_type_cpu()),
        ctypes.c_int32(0),
        ctypes.byref(handle),
        ctypes.c_int32(library.aoti_torch_layout__mkldnn()),
        (ctypes.c_uint8 * len(layout)).from_buffer_copy(layout),
        ctypes.c_int64(len(layout)),
    )
    if failed:
        raise CompileError("a part of a compiled step does not fit this PyTorch; compile it anew")
    tensor: Tensor = torch._C._aoti.alloc_tensor_by_stealing_from_void_ptr(_capsule(handle))
    tensor._bytes = storage  # type: ignore[attr-defined]  # which must live as long
    return tensor


@functools.cache
def _library() -> ctypes.CDLL:
    folder = Path(torch.__file__).parent / "lib"
    return ctypes.CDLL(str(next(folder.glob("*torch_cpu.*"))))


def _capsule(handle: ctypes.c_void_p) -> Any:
    make = ctypes.pythonapi.PyCapsule_New
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(handle, None, None)
