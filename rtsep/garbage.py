"""What nobody uses any more: not to be looked for where there is none, and given back to the system
where there is much. Must not import torch."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Around the import of PyTorch. What is there at its end, half a million objects, stays, and is
    not searched again: that would take a tenth of a second each time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def give_back_memory() -> None:
    """To the system, what was used and freed, and the allocator keeps: after a beginning that takes
    more than what follows."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
