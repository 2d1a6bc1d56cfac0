"""A file the user brings, validated and kept in the cache under a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from rtsep.errors import ModelError
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.observer import Observer
from rtsep.weights.registry import DELTAS, OFFICIAL, OfficialModel, model_of_network
from rtsep.weights.resolve import load_checkpoint


def import_file(
    path: Path,
    name: str | None,
    cache: Cache,
    observer: Observer,
    *,
    stems: Sequence[str] | None = None,
    complete: bool | None = None,
) -> str:
    """Store the network in `path`; returns the name of the model it now is, or is a part of.

    Without a name, a file called after an official network goes to the model it belongs to, and any
    other is called like the file.
    """
    loaded = load_checkpoint(
        path, cache=cache.folder, observer=observer, stems=stems, complete=complete
    )
    (network,) = loaded.networks
    official = OFFICIAL.get(name) if name else model_of_network(network.signature)
    if official is None:
        name = name or path.stem
        if name in DELTAS:
            raise ModelError(f"{name!r} is a model that comes with rtsep; choose another --name")
        if model_of_network(name):
            raise ModelError(f"{name!r} is the name of an official network; choose another --name")
        with cache.lock(name):
            cache.store_network(dataclasses.replace(network, signature=name))
            cache.store_model(name, [name], [[1.0] * len(network.config.stems)])
        return name
    signature = _official_signature(network, official, path)
    with cache.lock(official.name):
        cache.store_network(dataclasses.replace(network, signature=signature))
        _complete(official, cache, observer)
    return official.name


def _official_signature(network: NetworkWeights, official: OfficialModel, path: Path) -> str:
    """Which of the model's networks this is; it must have the same architecture."""
    parameters = sum(tensor.numel() for tensor in network.state.values())
    if network.config.stems != official.stems or parameters != official.parameters:
        raise ModelError(
            f"{path} is not of the architecture of {official.name} ({len(official.stems)} stems, "
            f"{official.parameters} parameters); import it under another --name"
        )
    if network.signature in official.networks:
        return network.signature
    if len(official.networks) > 1:
        raise ModelError(
            f"{official.name} has {len(official.networks)} networks; call the files "
            f"{', '.join(official.networks)}, so that rtsep knows which is which"
        )
    return next(iter(official.networks))


def _complete(official: OfficialModel, cache: Cache, observer: Observer) -> None:
    """Declare the model stored once its last network is here."""
    missing = [name for name in official.networks if not cache.network_path(name).is_file()]
    if missing:
        observer.notice(
            f"{official.name} still needs {len(missing)} of {len(official.networks)} networks: "
            f"{', '.join(missing)}"
        )
        return
    weights = official.stem_weights or [[1.0] * len(official.stems)] * len(official.networks)
    cache.store_model(official.name, list(official.networks), weights)
