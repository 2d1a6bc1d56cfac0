"""A computation recorded once as a CUDA graph and replayed: one launch instead of thousands.

Follows the whole-network capture of the PyTorch documentation (notes on CUDA semantics, "CUDA
Graphs"): warm-up on a side stream, static input and output, everything else written in place.
"""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor

from rtsep.errors import ConfigError
from rtsep.executors.executor import Function

WARM_UP_CALLS = 3  # libraries choose their kernels and allocate workspaces in the first ones


class GraphPool:
    """Memory that several graphs use in turn. They must not run at the same time, and what one
    returned is gone when the next one runs."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._graphs: weakref.WeakSet[CudaGraph] = weakref.WeakSet()

    def handle_for(self, graph: CudaGraph) -> Any:
        """A new one where no other graph uses the pool any more: PyTorch does not record into a
        pool that it has given up, and keeps one as long as cuBLAS has its workspace there."""
        if not self._graphs:
            self._handle = torch.cuda.graph_pool_handle()
        self._graphs.add(graph)
        return self._handle


class CudaGraph:
    """An `Executor`. Calls `function` a few times before it is recorded, and never again.

    `function` must neither look at values nor allocate what outlives a call.
    """

    def __init__(self, function: Function, example: Tensor, pool: GraphPool | None = None) -> None:
        self._in = example.clone()
        device = example.device
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP_CALLS):
                function(self._in)
        torch.cuda.current_stream(device).wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool.handle_for(self) if pool else None):
            self._out = function(self._in)

    def __call__(self, block: Tensor) -> Tensor:
        """Raises ConfigError for another shape, type or device than that which was recorded."""
        for name in ("shape", "dtype", "device"):
            given, wanted = getattr(block, name), getattr(self._in, name)
            if given != wanted:
                raise ConfigError(f"block must have {name} {wanted}, as recorded, got {given}")
        self._in.copy_(block, non_blocking=True)
        self._graph.replay()
        return self._out
