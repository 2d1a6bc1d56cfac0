"""The constants of compiled steps, kept beside them: what a network has learnt, and tables.

Nearly all that a package would weigh are weights, and steps of one network with other hops have the
same ones. So each large tensor is a file that is named by its content, which packages share, and
processes too, since it is mapped into memory. A `Record` says how to make a tensor of such bytes.
"""

from __future__ import annotations

import base64
import ctypes
import functools
import hashlib
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import CompileError

_SUFFIX = ".bin"
LARGE_BYTES = 1 << 14  # what is smaller lies in the record itself


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


class Constants:
    """A folder of such files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, tensor: Tensor) -> Record:
        """Write what is not there yet."""
        shape, layout = tuple(tensor.shape), ""
        if tensor.is_mkldnn:
            strides = (1,) * len(shape)
            layout = _text(bytes(torch.ops.mkldnn._get_mkldnn_serialized_md(tensor).tolist()))
            size = torch.ops.mkldnn._nbytes(tensor)
            content = ctypes.string_at(torch.ops.mkldnn.data_ptr(tensor), size)
        else:
            tensor = tensor.detach().clone()  # compact: a view would bring all that it views
            strides = tuple(tensor.stride())
            size = tensor.untyped_storage().nbytes()
            content = ctypes.string_at(tensor.data_ptr(), size)
        dtype = str(tensor.dtype).removeprefix("torch.")
        described = functools.partial(Record, dtype, shape, strides, size, layout=layout)
        if size < LARGE_BYTES:
            return described(content=_text(content))
        file = self.folder / f"{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
        if file.exists():
            file.touch()
        else:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(file, functools.partial(_write, content))
        return described(file=file.name)

    def load(self, record: Record) -> Tensor:
        """Raises CompileError if the file is not there, or is another."""
        if record.file:
            storage = self._mapped(record)
        else:
            storage = torch.frombuffer(
                bytearray(base64.b64decode(record.content)), dtype=torch.uint8
            )
        dtype = getattr(torch, record.dtype)
        if record.layout:
            return _of_onednn(storage, record, dtype)
        return storage.view(dtype).as_strided(record.shape, record.strides)

    def sweep(self, kept: set[str], older_than: float) -> None:
        """Remove all files but those, and those that may belong to a step that is just being
        compiled: `older_than` is in seconds."""
        for file in self.folder.glob(f"*{_SUFFIX}"):
            with suppress(FileNotFoundError):  # somebody else's sweep
                if file.name not in kept and time.time() - file.stat().st_mtime > older_than:
                    file.unlink()

    def _mapped(self, record: Record) -> Tensor:
        file = self.folder / record.file
        try:
            if file.stat().st_size != record.bytes:
                raise CompileError(f"{file} is damaged; remove it and compile the step anew")
            return torch.from_file(str(file), False, record.bytes, dtype=torch.uint8)
        except (OSError, RuntimeError) as error:
            raise CompileError(f"a part of a compiled step is missing: {error}") from error


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


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _write(content: bytes, file: Path) -> None:
    file.write_bytes(content)
