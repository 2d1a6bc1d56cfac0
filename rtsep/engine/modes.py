"""The two modes by name, and what their steps need before they can be recorded."""

from __future__ import annotations

import torch

from rtsep.config import StreamSpec
from rtsep.engine.exact import ExactStep
from rtsep.engine.incremental import IncrementalStep
from rtsep.engine.network import Network
from rtsep.engine.step import Step


def new_step(network: Network, spec: StreamSpec, batch: int, device: torch.device) -> Step:
    kind = IncrementalStep if spec.mode == "incremental" else ExactStep
    return kind(network, spec, batch, device)


def warm_up(step: Step) -> None:
    """One step on a full window: allocates everything that stays, so that it can be recorded."""
    step.reset()
    step.fill()
    step.run(step.silence(step.network.config.audio_channels, step.spec.hop), step.compute)
