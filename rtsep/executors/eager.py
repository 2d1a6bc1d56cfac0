"""Call by call: what runs everywhere."""

from __future__ import annotations

from torch import Tensor

from rtsep.executors.executor import Function


class Eager:
    """An `Executor` that does nothing but call."""

    def __init__(self, function: Function) -> None:
        self._function = function

    def __call__(self, block: Tensor) -> Tensor:
        return self._function(block)
