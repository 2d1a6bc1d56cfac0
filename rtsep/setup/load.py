"""From a model's name, or a file with its weights, to a Separator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rtsep.engine.converted import ConvertedModels
from rtsep.engine.precision import Precision
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.garbage import give_back_memory
from rtsep.model.bag import Bag
from rtsep.model.state import build_network
from rtsep.setup.precision_here import precision_here
from rtsep.weights import Checkpoint, load_checkpoint
from rtsep.weights.cache import default_folder
from rtsep.weights.observer import Observer
from rtsep.weights.resolve import stamp

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
    and "fp16"; on the CPU "int8", in which the transformer and most convolutions multiply in 8 bits
    and all else as is faster; or "auto", the fastest of fp32, bf16 and int8.
    `executor` is "eager", "graph" (CUDA only), "compiled" (CPU only) or "auto". Weights that are
    not in the `cache` folder are fetched once. `observer` is told about downloads and licences.
    What a model by name becomes on the CPU is kept there too, and mapped into memory.

    `stems` names the network's stems, in order, for files that do not. `complete` says whether they
    make up the whole mixture; without it that is taken to be so of the official four and six alone.
    Any other network gets a stem `rest`, which is the mixture without the others.

    Raises ModelError for unknown models and unusable files, DownloadError when no source answers,
    ConfigError for a device that is not there or an unknown precision.
    """
    chosen = choose_device(device)
    folder = default_folder() if cache is None else Path(cache)
    products = precision_here(precision, chosen, folder)

    def checkpoint() -> Checkpoint:
        return load_checkpoint(
            name_or_path, cache=folder, observer=observer, stems=stems, complete=complete
        )

    if chosen.type != "cpu":
        return assembled(checkpoint(), chosen, products, executor, folder)

    def source() -> dict[str, Any] | None:
        found = stamp(name_or_path, folder)
        return found and found | {"stems": stems, "complete": complete}

    models = ConvertedModels(folder / "converted", products)
    name, kept = str(name_or_path), models.find(str(name_or_path), source())
    if kept:
        bag = kept.bag
    else:
        name, bag = _converted(checkpoint(), products)
        kept = models.keep(name, source(), bag)
        bag = kept.bag if kept else bag
        give_back_memory()
    return Separator(name, bag, chosen, products, executor, folder / "compiled", kept)


def assembled(
    checkpoint: Checkpoint,
    device: torch.device,
    precision: Precision,
    executor: str = "auto",
    cache: Path | None = None,
) -> Separator:
    """The model of these weights, as `load` makes it."""
    compiled = (cache or default_folder()) / "compiled"
    return Separator(checkpoint.name, _bag(checkpoint), device, precision, executor, compiled)


def _bag(checkpoint: Checkpoint) -> Bag:
    networks = [build_network(weights.config, weights.state) for weights in checkpoint.networks]
    return Bag(networks, checkpoint.stem_weights)


def _converted(checkpoint: Checkpoint, precision: Precision) -> tuple[str, Bag]:
    """Its name, and its networks as they run on the CPU."""
    bag = _bag(checkpoint)
    bag.set_precision(precision.dtype, int8=precision.int8)
    return checkpoint.name, bag


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
