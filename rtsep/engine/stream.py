"""A stream: audio in blocks of any size, as many samples of stems out, `latency_samples` later."""

from __future__ import annotations

from typing import Any

import torch

from rtsep.config import StreamSpec
from rtsep.engine.blocks import Array, checked, like
from rtsep.engine.compiled import CompiledSteps
from rtsep.engine.cores import Cores
from rtsep.engine.hops import HopStream
from rtsep.engine.network import Network
from rtsep.engine.precision import FP32, Precision
from rtsep.errors import ConfigError
from rtsep.executors.cuda_graph import GraphPool


class Stream:
    """Separates one live signal, or `batch` of them in step. Owns its state, shares its network.

    While a hop fills up, the stems of the hop before go out: that makes every call return as many
    samples as it got, and the delay `hop + lookahead` whatever the block sizes.
    """

    def __init__(
        self,
        network: Network,
        spec: StreamSpec,
        *,
        batch: int | None = None,
        device: torch.device | None = None,
        precision: Precision = FP32,
        executor: str = "auto",
        pool: GraphPool | None = None,
        compiled: CompiledSteps | None = None,
        cores: Cores | None = None,
    ) -> None:
        if batch is not None and batch < 1:
            raise ConfigError(f"batch must be at least 1, got {batch}")
        self.spec = spec
        self.stems = network.stems
        self.sanitized = 0
        signals, channels = batch or 1, network.config.audio_channels
        self._block_shape = (channels,) if batch is None else (batch, channels)
        self._hops = HopStream(
            network,
            spec,
            batch=signals,
            device=device or torch.device("cpu"),
            precision=precision,
            executor=executor,
            pool=pool,
            compiled=compiled,
            cores=cores,
        )
        self.executor = self._hops.executor
        self._hop_in = torch.zeros(signals, channels, spec.hop)
        self._hop_out = torch.zeros(signals, len(self.stems), channels, spec.hop)
        self._position = 0  # in both
        self._given_tensors = False

    @property
    def latency_samples(self) -> int:
        """Delay of the stems against the input, a constant."""
        return self.spec.latency_samples

    @torch.inference_mode()
    def process(self, block: Array) -> Array:
        """block (channels, n), any n >= 0 -> stems (stems, channels, n), delayed.

        With a batch, both have a leading batch axis. NumPy or torch, the same kind comes back.
        NaN and infinity become silence and are counted in `sanitized`.

        Raises ConfigError for anything that is not floating-point audio of that shape.
        """
        self._given_tensors = isinstance(block, torch.Tensor)
        audio, broken = checked(block, *self._block_shape)
        self.sanitized += broken
        total = audio.shape[-1]
        audio = audio.reshape(*self._hop_in.shape[:-1], total)
        out = torch.empty(*self._hop_out.shape[:-1], total)
        done, hop = 0, self._hop_in.shape[-1]
        while done < total:
            count = min(hop - self._position, total - done)
            here = slice(self._position, self._position + count)
            self._hop_in[..., here] = audio[..., done : done + count]
            out[..., done : done + count] = self._hop_out[..., here]
            done += count
            self._position += count
            if self._position == hop:
                self._hop_out.copy_(self._step(self._hop_in))
                self._position = 0
        return like(out if len(self._block_shape) == 2 else out[0], block)

    def flush(self) -> Any:
        """The last `latency_samples` samples of stems, as the kind of array that came last.

        Call `reset` before going on.
        """
        silence = torch.zeros(*self._block_shape, self.latency_samples)
        return self.process(silence) if self._given_tensors else self.process(silence.numpy())

    def reset(self) -> None:
        """Back to the state of a new stream."""
        self._hops.reset()
        self._hop_in.zero_()
        self._hop_out.zero_()
        self._position = 0
        self.sanitized = 0

    def _step(self, block: torch.Tensor) -> torch.Tensor:
        """(b, c, hop) -> stems (b, stems, c, hop), valid until the next step."""
        return self._hops.step(block)
