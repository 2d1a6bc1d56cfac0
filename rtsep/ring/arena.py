"""Arrays out of one buffer that processes share. Knows nothing of what the arrays mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ALIGNMENT = 64  # a cache line: what one process writes must not slow what another reads


class Arena:
    """Hands out zeroed arrays from a buffer, one after the other.

    Every process that asks for the same arrays in the same order gets the same memory. Nothing is
    ever given back; the buffer lives as long as the session.
    """

    def __init__(self, buffer: Any) -> None:
        """`buffer` is anything with the buffer protocol, such as a `multiprocessing.RawArray`."""
        self._bytes = np.frombuffer(buffer, np.uint8)
        self._used = 0

    def take(self, shape: int | Sequence[int], dtype: Any) -> np.ndarray[Any, Any]:
        """The next array. Raises MemoryError, naming how much is missing, when it does not fit."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        stop = self._used + size
        if stop > len(self._bytes):
            missing = stop - len(self._bytes)
            raise MemoryError(
                f"shared memory of {len(self._bytes)} bytes is {missing} bytes too small"
            )
        array: np.ndarray[Any, Any] = self._bytes[self._used : stop].view(dtype).reshape(shape)
        self._used = -(-stop // ALIGNMENT) * ALIGNMENT
        return array
