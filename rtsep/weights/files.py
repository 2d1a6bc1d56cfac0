"""A network from a file the user names; its first bytes, not its name, say which format it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtsep.atomic import endless, sha256_of
from rtsep.errors import ModelError
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.registry import model_of_network

SUFFIXES = (".safetensors", ".th", ".ckpt", ".pt", ".pth", ".onnx")
KINDS = ".safetensors, .th, .ckpt, .onnx"
OLD_MAGIC = b"\x80\x02\x8a\x0a"  # of torch.save before 1.6: a pickle with a long number first
ZIP_MAGIC = b"PK\x03\x04"
ONNX_IR_VERSION = b"\x08"  # field 1 of the protobuf, written first by every exporter


def read_network(
    path: Path, *, stems: Sequence[str] | None = None, complete: bool | None = None
) -> NetworkWeights:
    """The network in a file, whose stems have these names if any are given, in order. `complete`
    says whether they make up the whole mixture. Raises ModelError."""
    return _read(path).told(stems, complete)


def _read(path: Path) -> NetworkWeights:
    if endless(path):
        raise ModelError(f"{path} is not a regular file; give a {KINDS} file")
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a folder; name the {KINDS} file in it")
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; check the path") from error
    signature = _signature(path)
    if start[:4] == ZIP_MAGIC:
        from rtsep.weights.torch_file import read_torch

        return read_torch(path, signature)
    if start[8:9] == b"{":  # eight bytes of length, then JSON
        from rtsep.weights.safetensors_file import read_safetensors

        return read_safetensors(path, signature, bare=True)
    if start[:1] == ONNX_IR_VERSION:
        from rtsep.weights.onnx_file import read_onnx

        return read_onnx(path, signature)
    if start[:4] == OLD_MAGIC:
        raise ModelError(
            f"{path} is in the format of PyTorch before 1.6, which cannot be read safely; load and "
            "save it with a newer one"
        )
    raise ModelError(f"{path} is not a model: expected a {KINDS} file of HTDemucs")


def _signature(path: Path) -> str:
    """Official `.th` files are called `<signature>-<start of sha256>.th`: hold them to it."""
    signature, dash, start = path.stem.partition("-")
    model = model_of_network(signature)
    if model is None:
        return path.stem
    if path.suffix == ".th" and dash:
        known = model.networks[signature]
        if start != known or not sha256_of(path).startswith(known):
            raise ModelError(
                f"{path} is not the official file of that name (wrong hash, expected {known}...); "
                "fetch it again, or rename it if it is your own"
            )
    return signature
