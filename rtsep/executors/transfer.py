"""Between the host and the device."""

from __future__ import annotations

import torch
from torch import Tensor


class Transfer:
    """Blocks up and results down. With CUDA through page-locked memory, without waiting for the way
    up; elsewhere plainly. A result is valid until the next one."""

    def __init__(self, block: Tensor, result: Tensor, device: torch.device) -> None:
        """`block` and `result` are examples, on the CPU."""
        self._device = device
        self._pinned = device.type == "cuda"
        if self._pinned:
            self._up, self._down = torch.empty_like(block).pin_memory(), result.pin_memory()
            self._block = block.to(device)
            self._left = torch.cuda.Event()  # type: ignore[no-untyped-call]

    def up(self, block: Tensor) -> Tensor:
        if not self._pinned:
            return block.to(self._device)
        self._left.synchronize()  # nobody waited for the last block if it was skipped
        self._up.copy_(block)
        self._block.copy_(self._up, non_blocking=True)
        self._left.record(torch.cuda.current_stream(self._device))
        return self._block

    def down(self, result: Tensor) -> Tensor:
        if not self._pinned:
            return result.cpu()
        self._down.copy_(result, non_blocking=True)
        torch.cuda.current_stream(self._device).synchronize()
        return self._down
