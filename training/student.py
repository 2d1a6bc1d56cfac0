"""The network that learns: official weights, a delta that may change, and both modes as they run.

It is the network that plays, with weights made from the official ones in every step, so that
gradients reach the delta through all that loading does to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.autograd.graph import allow_mutation_on_saved_tensors

from rtsep.config import NetworkConfig, StreamSpec
from rtsep.engine.modes import new_step
from rtsep.engine.precision import TF32, products_in
from rtsep.engine.step import Step
from rtsep.model.bag import Bag
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.state import convert
from rtsep.weights.delta import merged
from training.delta import Delta, State


class Student:
    """One network on one device. Knows nothing of music or of what is learnt."""

    def __init__(self, config: NetworkConfig, state: State, device: torch.device) -> None:
        self.config = config
        self.device = device
        self.state = {name: tensor.to(device, torch.float32) for name, tensor in state.items()}
        self._network = HTDemucs(config).eval().requires_grad_(False).to(device)
        self.bag = Bag([self._network], [[1.0] * len(config.stems)]).to(device)
        self.use({})

    @torch.no_grad()
    def use(self, delta: State) -> None:
        """Play with these changes from now on."""
        self._install(merged(self.state, delta))

    @contextmanager
    def learning(self, delta: Delta) -> Iterator[None]:
        """What is computed meanwhile has gradients with respect to `delta`. Inference writes over
        tensors that gradients need; PyTorch keeps a copy of those."""
        with allow_mutation_on_saved_tensors(), self.rounding():
            self._install(merged(self.state, delta))
            yield

    @contextmanager
    def rounding(self) -> Iterator[None]:
        """On a card factors are rounded to TF32, which is far finer than what is learnt."""
        with products_in(TF32, self.device):
            yield

    def step(self, spec: StreamSpec, batch: int) -> Step:
        return new_step(self.bag, spec, batch, self.device)

    def _install(self, official: State) -> None:
        """Tensors in the places of parameters, with their history."""
        for name, tensor in convert(self.config, dict(official)).items():
            owner, _, leaf = name.rpartition(".")
            module = self._network.get_submodule(owner)
            if tensor.ndim == 4:  # as the network lays out its own
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            if leaf in module._parameters:
                module._parameters[leaf] = tensor  # type: ignore[assignment]
            else:
                module._buffers[leaf] = tensor
