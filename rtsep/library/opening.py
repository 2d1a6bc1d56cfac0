"""The workbench of a process: its model loaded, and the name of its weights."""

from __future__ import annotations

import dataclasses
import hashlib

import torch

from rtsep.engine.precision import choose_precision
from rtsep.garbage import give_back_memory
from rtsep.library.messages import Ready
from rtsep.library.settings import Making, ModelSpec
from rtsep.library.work import Workbench
from rtsep.setup.load import assembled, choose_device
from rtsep.weights import Checkpoint, load_checkpoint
from rtsep.weights.observer import Observer


def open_workbench(model: ModelSpec, making: Making, observer: Observer) -> tuple[Workbench, Ready]:
    """Raises ModelError, DownloadError, ConfigError."""
    observer.phase(f"loading {model.model}")
    device = choose_device(model.device)
    precision = choose_precision(model.precision, device)
    checkpoint = load_checkpoint(
        model.model,
        cache=model.cache,
        observer=observer,
        stems=model.named,
        complete=model.complete,
    )
    separator = assembled(checkpoint, device, precision, "eager", model.cache)
    bench = Workbench(separator, making)
    ready = Ready(
        weights=weights_of(checkpoint),
        sample_rate=separator.sample_rate,
        outputs=bench.outputs.names,
    )
    del checkpoint  # half of what is resident by now
    give_back_memory()
    return bench, ready


def weights_of(checkpoint: Checkpoint) -> str:
    """A hash of all that a model's results depend on, wherever its file lies."""
    digest = hashlib.sha256(repr(checkpoint.stem_weights).encode())
    for network in checkpoint.networks:
        digest.update(repr(sorted(dataclasses.asdict(network.config).items())).encode())
        for name, tensor in sorted(network.state.items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            raw = tensor.detach().contiguous().flatten().view(torch.uint8)
            digest.update(raw.numpy().data)
    return digest.hexdigest()
