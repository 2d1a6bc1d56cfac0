"""What an executor is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

Function = Callable[[Tensor], Tensor]


class Executor(Protocol):
    """Runs one function of a tensor of fixed shape, which may change state in place."""

    def __call__(self, block: Tensor) -> Tensor:
        """The result is valid until the next call, which may overwrite it."""
        ...
