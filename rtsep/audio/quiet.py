"""What C libraries print, kept from the terminal and handed to whoever can say it better.

Sound systems and decoders write to the `stdout` and `stderr` of the C library. While `quiet` lasts
these two lead to memory. The descriptors 1 and 2 stay what they are, and with them all that Python
prints, on whichever thread, and the output of processes that are started meanwhile. Where the C
library is another than those of Linux and macOS, nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_CREATION = threading.Lock()


@dataclass
class Said:
    """What was printed, complete when `quiet` has ended: lines without those that are empty.

    If other threads are quiet at the same time, theirs are among them.
    """

    lines: list[str] = field(default_factory=list)


@contextmanager
def quiet() -> Iterator[Said]:
    """Keep what C libraries print off the terminal, for the whole process."""
    said = Said()
    with _CREATION:
        memory = _memory()
    if memory is None:
        yield said
        return
    start = memory.enter()
    try:
        yield said
    finally:
        text = memory.leave(start)
        said.lines = [line for line in text.decode("utf-8", "replace").splitlines() if line.strip()]


class _Memory:
    """A stream of the C library that ends in memory, and how many want it in the others' place.

    It is never closed, since a library may have kept it for its standard error.
    """

    def __init__(self, library: ctypes.CDLL, names: tuple[str, ...]) -> None:
        library.open_memstream.restype = ctypes.c_void_p
        self._library = library
        self._text, self._size = ctypes.c_void_p(), ctypes.c_size_t()
        self._stream = ctypes.c_void_p(
            library.open_memstream(ctypes.byref(self._text), ctypes.byref(self._size))
        )
        self._pointers = [ctypes.c_void_p.in_dll(library, name) for name in names]
        self._usual: list[int | None] = []
        self._users = 0
        self._lock = threading.Lock()

    def enter(self) -> int:
        """From now on everything is written here. Returns from where on."""
        with self._lock:
            if not self._users:
                self._usual = [pointer.value for pointer in self._pointers]
                for pointer in self._pointers:
                    pointer.value = self._stream.value
            self._users += 1
            return len(self._written())

    def leave(self, start: int) -> bytes:
        """What was written since; the last one to leave puts everything back."""
        with self._lock:
            self._users -= 1
            text = self._written()[start:]
            if not self._users:
                for pointer, usual in zip(self._pointers, self._usual, strict=True):
                    pointer.value = usual
                self._library.rewind(self._stream)
            return text

    def _written(self) -> bytes:
        self._library.flockfile(self._stream)  # other threads may be writing
        try:
            self._library.fflush(self._stream)
            return ctypes.string_at(self._text, self._size.value) if self._size.value else b""
        finally:
            self._library.funlockfile(self._stream)


@lru_cache(1)
def _memory() -> Any:
    """None where the streams are no variables that could be set."""
    if sys.platform == "win32":
        return None
    library = ctypes.CDLL(None)
    if sys.platform == "darwin":
        return _Memory(library, ("__stdoutp", "__stderrp"))
    # Another C library of Linux, musl, has them as constants.
    return (
        _Memory(library, ("stdout", "stderr")) if hasattr(library, "gnu_get_libc_version") else None
    )
