"""Networks in safetensors files, with demucs' own metadata, class and arguments as JSON, or bare.

The only file that knows the safetensors library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from rtsep.config import NetworkConfig
from rtsep.errors import ConfigError, ModelError
from rtsep.weights.architecture import (
    HTDEMUCS,
    arguments_from_config,
    config_from_arguments,
    shown,
)
from rtsep.weights.bare import bare_config
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.shapes import Shape, check_shapes
from rtsep.weights.state_dict import without_prefix
from rtsep.weights.tensors import narrowed, widened

KLASS, COMPLETE = "klass", "complete"  # the latter is ours: whether the stems are the whole mixture


def read_safetensors(path: Path, signature: str, *, bare: bool = False) -> NetworkWeights:
    """A file without demucs' metadata is refused, unless `bare` ones are welcome."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = _names(file)
            shapes = _shapes(file, names)
            config, named, notes = _described(path, file, shapes, bare)
            check_shapes(shapes, config, path.name)  # before any memory is spent on them
            tensors = {name: file.get_tensor(stored) for name, stored in names.items()}
    except SafetensorError as error:
        raise _damaged(path, error) from error
    state = widened(tensors, path.name)
    return NetworkWeights(signature=signature, config=config, state=state, named=named, notes=notes)


def read_config(path: Path, *, bare: bool = False) -> NetworkConfig:
    """Only the configuration of a network, without its tensors and without importing torch."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return _described(path, file, _shapes(file, _names(file)), bare)[0]
    except SafetensorError as error:
        raise _damaged(path, error) from error


def _names(file: Any) -> dict[str, str]:
    """What tensors are called in the network, and in the file."""
    return without_prefix({name: name for name in file.keys()})  # noqa: SIM118


def _shapes(file: Any, names: dict[str, str]) -> dict[str, Shape]:
    return {name: tuple(file.get_slice(stored).get_shape()) for name, stored in names.items()}


def _described(
    path: Path, file: Any, shapes: Mapping[str, Shape], bare: bool
) -> tuple[NetworkConfig, bool, tuple[str, ...]]:
    """As `bare_config`, for any file."""
    metadata = file.metadata() or {}
    if bare and KLASS not in metadata:
        return bare_config(path, shapes)
    return config_from_metadata(metadata, path.name), True, ()


def write_safetensors(path: Path, network: NetworkWeights) -> None:
    """Write a file that demucs 4.1 loads too; half precision where that loses nothing."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    arguments = json.dumps(arguments_from_config(network.config), default=_encode_fraction)
    metadata = {KLASS: HTDEMUCS, "args": "[]", "kwargs": arguments}
    if network.config.complete is not None:
        metadata[COMPLETE] = json.dumps(network.config.complete)
    try:
        save_file(narrowed(network.state), path, metadata=metadata)
    except SafetensorError as error:  # how the library reports a full disk
        raise OSError(str(error)) from error


def config_from_metadata(metadata: dict[str, str], origin: str) -> NetworkConfig:
    klass = metadata.get(KLASS)
    if klass is None:
        raise ModelError(f"{origin} does not say which network it holds; it is not demucs' format")
    try:
        args = json.loads(metadata.get("args", "[]"), object_hook=_decode_fraction)
        kwargs = json.loads(metadata.get("kwargs", "{}"), object_hook=_decode_fraction)
    except (ValueError, RecursionError, ArithmeticError, KeyError, TypeError) as error:
        raise ModelError(f"{origin}: its metadata cannot be read ({shown(str(error))})") from error
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ModelError(f"{origin}: its metadata does not hold constructor arguments")
    config = config_from_arguments(klass, args, kwargs, origin)
    said = metadata.get(COMPLETE)
    if said not in (None, "true", "false"):
        raise ModelError(
            f"{origin}: {COMPLETE} in its metadata is true or false, got {shown(said)}"
        )
    try:
        return config if said is None else replace(config, complete=said == "true")
    except ConfigError as error:
        raise ModelError(f"{origin}: {error}") from error


def _encode_fraction(value: Any) -> dict[str, Any]:
    if not isinstance(value, Fraction):
        raise TypeError(f"cannot store {type(value).__name__} in metadata")
    return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}


def _decode_fraction(value: dict[str, Any]) -> Any:
    if value.get("_type") != "fraction":
        return value
    parts = value["numerator"], value["denominator"]
    if not all(type(part) is int for part in parts):  # of a text it would compute any power of ten
        raise ValueError("a fraction of something other than whole numbers")
    return Fraction(*parts)


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path.name} is not a whole safetensors file: {shown(str(error))}")
