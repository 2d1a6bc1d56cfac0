"""What a person wants to know about the models there are. Reads no tensors, never imports torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from rtsep.errors import ModelError
from rtsep.weights.cache import Cache
from rtsep.weights.registry import DELTAS, NAMES, OFFICIAL, delta_file
from rtsep.weights.safetensors_file import read_config
from rtsep.weights.shapes import expected_shapes


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    name: str
    stems: tuple[str, ...]
    networks: int
    parameters: int  # of all networks together
    size_bytes: int  # on disk if cached, else to download
    cached: bool
    where: str


def summaries(cache: Cache) -> list[ModelSummary]:
    """The official models in their order, those of rtsep, then the user's own by name."""
    own = [name for name in cache.models() if name not in NAMES]
    listed = [_official(name, cache) for name in OFFICIAL]
    listed += [_delta(name, cache) for name in DELTAS]
    for name in own:
        try:
            listed.append(_own(name, cache))
        except ModelError:
            continue  # damaged; loading it says so
    return listed


def _official(name: str, cache: Cache) -> ModelSummary:
    model = OFFICIAL[name]
    paths = cache.model_paths(name)
    return ModelSummary(
        name=name,
        stems=model.stems,
        networks=len(model.networks),
        parameters=model.parameters * len(model.networks),
        size_bytes=sum(path.stat().st_size for path in paths) or model.download_bytes,
        cached=bool(paths),
        where=str(cache.folder) if paths else f"hf.co/{model.repository}",
    )


def _delta(name: str, cache: Cache) -> ModelSummary:
    base = _official(DELTAS[name], cache)
    return dataclasses.replace(
        base,
        name=name,
        size_bytes=base.size_bytes + delta_file(name).stat().st_size,
        where=f"rtsep, over {base.name} of {base.where}",
    )


def _own(name: str, cache: Cache) -> ModelSummary:
    paths = cache.model_paths(name)
    configs = [read_config(path) for path in paths]
    return ModelSummary(
        name=name,
        stems=configs[0].outputs,
        networks=len(paths),
        parameters=sum(
            math.prod(shape) for config in configs for shape in expected_shapes(config).values()
        ),
        size_bytes=sum(path.stat().st_size for path in paths),
        cached=True,
        where=str(cache.folder),
    )
