"""Whole hops through a network, by whichever way of running its steps is the fastest."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from rtsep.config import EXECUTORS, StreamSpec
from rtsep.engine.compiled import CompiledSteps
from rtsep.engine.cores import Cores
from rtsep.engine.laps import COPY_IN, COPY_OUT, STEP, new_laps, watch
from rtsep.engine.modes import new_step, warm_up
from rtsep.engine.network import Network
from rtsep.engine.precision import FP32, Precision, products_in
from rtsep.errors import ConfigError
from rtsep.executors.cuda_graph import CudaGraph, GraphPool
from rtsep.executors.executor import Executor
from rtsep.executors.transfer import Transfer
from rtsep.model.bag import Bag


class HopStream:
    """Whole hops in, whole hops out, for callers that keep positions themselves.

    The stems that a hop returns lie `lookahead` samples before it. Checks nothing but the executor;
    owns its state, shares its network.
    """

    def __init__(
        self,
        network: Network,
        spec: StreamSpec,
        *,
        batch: int,
        device: torch.device,
        precision: Precision = FP32,
        executor: str = "auto",
        pool: GraphPool | None = None,
        compiled: CompiledSteps | None = None,
        cores: Cores | None = None,
        watched: bool = False,
    ) -> None:
        """`laps` knows how long the stages of a step took; those inside of the network only if it
        is `watched`, which it then is for good."""
        self.spec = spec
        self.stems = network.stems
        # Those that get what is lost of the mixture on the way: all, or the rest alone.
        self.heirs = slice(None) if network.complete else slice(-1, None)
        self.channels = network.config.audio_channels
        self.batch = batch
        self._device, self._precision = device, precision
        self._step = new_step(network, spec, batch, device)
        self.laps = new_laps(device)
        if watched and isinstance(network, Bag):
            watch(network, self.laps)
        self._wanted, self._compiled, self._pool = executor, compiled, pool
        self._cores = cores
        # Runs steps on a full window; None: call by call, as all others.
        self._recorded: Executor | None = None
        self._used_network = True  # to begin with
        self._settle(new=True)

    @torch.inference_mode()
    def step(self, block: torch.Tensor) -> torch.Tensor:
        """block (b, c, hop) -> stems (b, stems, c, hop), on the CPU, valid until the next step."""
        recorded = self._recorded if self._step.steady else None
        laps = self.laps
        laps.begin()
        on_device = self._transfer.up(block)
        laps.end(COPY_IN)
        cores = self._cores.shared() if self._cores else nullcontext()
        with products_in(self._precision, self._device), cores:
            stems = self._step.run(on_device, recorded or self._compute)
        laps.end(STEP)
        result = self._transfer.down(stems)
        laps.end(COPY_OUT)
        self._heed_memory(recorded)
        return result

    @torch.inference_mode()
    def skip(self, block: torch.Tensor) -> None:
        """Take in a hop whose stems nobody needs any more."""
        self._step.skip(self._transfer.up(block))

    @torch.inference_mode()
    def adopt(self, spec: StreamSpec) -> None:
        """Go on with another hop or refresh; all else of `spec` is as before. For streams that have
        made steps on a full window. Takes a fraction of a second where a step is to be loaded or
        recorded."""
        self._step.adopt(spec)
        self.spec = spec
        self._settle(new=False)

    @property
    def starts_slowly(self) -> bool:
        """Whether steps cost more until the window is full."""
        return self._recorded is not None or self.spec.mode == "incremental"

    @torch.inference_mode()
    def fill(self) -> None:
        """As if a window had come that left no trace. From then on every step costs the same."""
        self._step.reset()
        self._step.fill()

    @torch.inference_mode()
    def reset(self) -> None:
        """Back to the state of a new stream."""
        self._step.reset()

    def _heed_memory(self, recorded: Executor | None) -> None:
        """After a step. One that was compiled has weights in an order of its own, and what steps
        call by call before it brought into memory may go."""
        if recorded is None:
            self._used_network = True
        elif self._used_network and self._compiled:
            self._compiled.let_go()
            self._used_network = False

    def _compute(self, block: torch.Tensor) -> torch.Tensor:
        self.laps.begin_inside()
        return self._step.compute(block)

    @torch.inference_mode()
    def _settle(self, *, new: bool) -> None:
        """Buffers and executor for `spec`. Raises ConfigError as `_executor` does."""
        block = torch.zeros(self.batch, self.channels, self.spec.hop)
        result = torch.zeros(self.batch, len(self.stems), self.channels, self.spec.hop)
        self._transfer = Transfer(block, result, self._device)
        self._recorded = None  # lets go of a package before another one is loaded
        package = None
        if self._compiled and self._wanted in ("auto", "compiled"):
            package = self._compiled.find(self.spec, self.batch)
        self.executor = _executor(self._wanted, self._device, is_compiled=package is not None)
        if self.executor == "eager":
            return
        with products_in(self._precision, self._device):
            if new:
                warm_up(self._step)
            self._recorded = package.on(self._step.state()) if package else self._captured(block)
        if new:
            self._step.reset()

    def _captured(self, block: torch.Tensor) -> Executor:
        """A graph of the step, whose state goes on where it was before."""
        state = self._step.state()
        kept = [tensor.clone() for tensor in state]
        graph = CudaGraph(self._compute, block.to(self._device), self._pool)
        for tensor, before in zip(state, kept, strict=True):
            tensor.copy_(before)
        return graph


def _executor(wanted: str, device: torch.device, *, is_compiled: bool) -> str:
    """ "eager", "compiled" or "graph"; "auto" is the fastest that is there.

    Raises ConfigError for unknown names, graphs without CUDA, and steps that nobody compiled.
    """
    if wanted not in EXECUTORS:
        raise ConfigError(f"executor must be one of {', '.join(EXECUTORS)}, got {wanted!r}")
    if wanted == "graph" and device.type != "cuda":
        raise ConfigError(f"graphs need CUDA, and the device is {device}; take --executor eager")
    if wanted == "compiled" and not is_compiled:
        raise ConfigError(
            "no step was compiled for these settings on this machine; "
            "run `rtsep compile` with the same settings, or take --executor eager"
        )
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "graph"
    return "compiled" if is_compiled else "eager"
