"""From a model's name, or a file with its weights, to a Separator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from rtsep.engine.precision import Precision, choose_precision
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.model.bag import Bag
from rtsep.model.state import build_network
from rtsep.weights import Checkpoint, load_checkpoint
from rtsep.weights.cache import default_folder
from rtsep.weights.observer import Observer

DEVICES = ("auto", "cpu", "cuda", "mps")


def load(
    name_or_path: str | Path,
    device: str = "auto",
    *,
    precision: str = "fp32",
    executor: str = "auto",
    cache: str | Path | None = None,
    observer: Observer | None = None,
    stems: Sequence[str] | None = None,
    complete: bool | None = None,
) -> Separator:
    """A model by name ("htdemucs", "htdemucs_ft", "htdemucs_6s") or from a weights file.

    `device` is "auto" (CUDA, then MPS, then the CPU), or one of those. `precision` is that of
    convolutions and matrix products (spectra and norms stay fp32): "fp32", "bf16", on CUDA "tf32"
    and "fp16", or "auto", the faster one of fp32 and bf16; "int8" is "auto" with the transformer in
    8 bits, on the CPU. `executor` is "eager", "graph" (CUDA only), "compiled" (CPU only) or "auto".
    Weights that are not in the `cache` folder are fetched once. `observer` is told about downloads
    and licences.

    `stems` names the network's stems, in order, for files that do not. `complete` says whether they
    make up the whole mixture; without it that is taken to be so of the official four and six alone.
    Any other network gets a stem `rest`, which is the mixture without the others.

    Raises ModelError for unknown models and unusable files, DownloadError when no source answers,
    ConfigError for a device that is not there or an unknown precision.
    """
    chosen = choose_device(device)
    products = choose_precision(precision, chosen)
    folder = None if cache is None else Path(cache)
    checkpoint = load_checkpoint(
        name_or_path, cache=folder, observer=observer, stems=stems, complete=complete
    )
    return assembled(checkpoint, chosen, products, executor, folder)


def assembled(
    checkpoint: Checkpoint,
    device: torch.device,
    precision: Precision,
    executor: str = "auto",
    cache: Path | None = None,
) -> Separator:
    """The model of these weights, as `load` makes it."""
    networks = [build_network(weights.config, weights.state) for weights in checkpoint.networks]
    bag = Bag(networks, checkpoint.stem_weights)
    compiled = (cache or default_folder()) / "compiled"
    return Separator(checkpoint.name, bag, device, precision, executor, compiled)


def choose_device(name: str) -> torch.device:
    """Raises ConfigError for unknown names and devices that are not there."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if present[kind])
    kind = name.partition(":")[0]
    if kind not in present:
        raise ConfigError(f"device must be one of {', '.join(DEVICES)}, got {name!r}")
    if not present[kind]:
        raise ConfigError(f"no {name} device here; use --compute cpu or auto")
    return torch.device(name)
