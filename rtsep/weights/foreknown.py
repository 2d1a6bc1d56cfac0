"""What a model will be, as far as that is told before its weights are read. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtsep.atomic import endless
from rtsep.config import NetworkConfig
from rtsep.errors import UsageError
from rtsep.weights.cache import Cache, default_folder
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.delta import base_of
from rtsep.weights.registry import OFFICIAL, official_of
from rtsep.weights.resolve import is_path
from rtsep.weights.safetensors_file import read_config


def foreknown(
    name_or_path: str | Path,
    *,
    cache: Path | None = None,
    stems: Sequence[str] | None = None,
    complete: bool | None = None,
) -> NetworkConfig | None:
    """Its stems, rate and channels, `stems` and `complete` as for `load_checkpoint`. None where
    loading it has to say them, or what is wrong with it."""
    try:
        config = _config(name_or_path, cache)
        if config is None:
            return None
        network = NetworkWeights(signature=str(name_or_path), config=config, state={})
        return network.told(stems, complete).config
    except (UsageError, OSError, RuntimeError):  # the last for the home of an unknown user
        return None


def _config(name_or_path: str | Path, cache: Path | None) -> NetworkConfig | None:
    if is_path(name_or_path):
        return _of_file(Path(name_or_path).expanduser())
    if official := official_of(str(name_or_path)):
        return NetworkConfig(stems=official.stems)
    paths = Cache(cache or default_folder()).model_paths(str(name_or_path))
    return read_config(paths[0]) if paths else None


def _of_file(path: Path) -> NetworkConfig | None:
    if endless(path):
        return None
    if base := base_of(path):
        return NetworkConfig(stems=OFFICIAL[base].stems)
    return read_config(path, bare=True)
