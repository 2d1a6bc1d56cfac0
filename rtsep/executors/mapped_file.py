"""Many tensors in one file that is mapped into memory: nothing is read before it is used, what is
not written belongs to the system's cache of files, and processes share it.

The file: the bytes of all tensors; an index, in JSON, of `facts` and of where each tensor begins
and its `Record`; the length of the index (8 bytes, little-endian). Whoever opens one trusts it.
"""

from __future__ import annotations

import json
import mmap
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import CompileError
from rtsep.executors.records import Record, from_bytes, to_bytes

_ALIGNED = 64  # bytes, as PyTorch allocates
_LENGTH = 8


class MappedFile:
    """What such a file holds. A tensor that is written is so for this process alone."""

    def __init__(self, path: Path) -> None:
        """Raises CompileError for one that is not there, not whole, or of another PyTorch."""
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            index = _index(self._map)
            self.facts: dict[str, Any] = index["facts"]
            with torch.inference_mode(False):  # tensors that know whether they were written
                self.tensors = _tensors(self._map, index["tensors"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
            raise CompileError(f"{path} holds no tensors of this PyTorch: {error}") from error
        self._writings = self._count_writings()

    def drop_pages(self) -> None:
        """Let go of the memory that the tensors lie in; each comes back from the file when it is
        used. Does nothing once one was written, and on other systems than Linux."""
        if sys.platform == "linux" and self._count_writings() == self._writings:
            self._map.madvise(mmap.MADV_DONTNEED)

    def _count_writings(self) -> int:
        return sum(tensor._version for tensor in self.tensors.values())


def write_mapped(path: Path, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Put `facts`, plain JSON, and tensors on the CPU into a file, which replaces another.

    Raises CompileError, and leaves nothing, where this PyTorch could not read it back.
    """

    def write(partial: Path) -> None:
        index: dict[str, tuple[int, dict[str, Any]]] = {}
        with partial.open("wb") as file:
            for name, tensor in tensors.items():
                record, content = to_bytes(tensor)
                index[name] = file.tell(), record.to_json()
                file.write(content + bytes(-len(content) % _ALIGNED))
            text = json.dumps({"facts": facts, "tensors": index}).encode()
            file.write(text + len(text).to_bytes(_LENGTH, "little"))
        MappedFile(partial)

    try:
        write_atomically(path, write)
    except (AttributeError, RuntimeError) as error:  # of a PyTorch that keeps layouts to itself
        raise CompileError(f"{path} cannot be written: {error}") from error


def _index(content: mmap.mmap) -> Any:
    length = int.from_bytes(content[-_LENGTH:], "little")
    return json.loads(content[-_LENGTH - length : -_LENGTH])


def _tensors(content: mmap.mmap, index: dict[str, Any]) -> dict[str, Tensor]:
    storage = torch.frombuffer(content, dtype=torch.uint8)
    found = {}
    for name, (start, fields) in index.items():
        record = Record.from_json(fields)
        part = storage[start : start + record.bytes]
        if start < 0 or len(part) != record.bytes:
            raise ValueError(f"{name} lies outside of the file")
        found[name] = from_bytes(part, record)
    return found
