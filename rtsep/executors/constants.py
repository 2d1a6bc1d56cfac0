"""The constants of compiled steps, kept beside them: what a network has learnt, and tables.

Nearly all that a package would weigh are weights, and steps of one network with other hops have the
same ones. So each large tensor is a file that is named by its content, which packages share, and
processes too, since it is mapped into memory. A `Record` says how to make a tensor of such bytes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import CompileError
from rtsep.executors.records import Record, as_text, from_bytes, to_bytes

_SUFFIX = ".bin"
LARGE_BYTES = 1 << 14  # what is smaller lies in the record itself


class Constants:
    """A folder of such files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, tensor: Tensor) -> Record:
        """Write what is not there yet."""
        record, content = to_bytes(tensor)
        if record.bytes < LARGE_BYTES:
            return replace(record, content=as_text(content))
        file = self.folder / f"{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
        if file.exists():
            file.touch()
        else:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(file, functools.partial(_write, content))
        return replace(record, file=file.name)

    def load(self, record: Record) -> Tensor:
        """Raises CompileError if the file is not there, or is another."""
        if record.file:
            storage = self._mapped(record)
        else:
            storage = torch.frombuffer(
                bytearray(base64.b64decode(record.content)), dtype=torch.uint8
            )
        return from_bytes(storage, record)

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


def _write(content: bytes, file: Path) -> None:
    file.write_bytes(content)
