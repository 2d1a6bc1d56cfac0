"""HTDemucs weights out of an ONNX export, by name and by the node that uses them.

The only file that knows the onnx library. An export keeps most parameters under their names; the
exporter folds the others into constants called `onnx::...`, which are found through their consumer:

    Expand                  freq_emb times the embedding scale, (1, channels, bins, 1)
    dconv/.../N/Mul, Add    GroupNorm weight, bias (N = 1, 4), LayerScale (N = 6), with extra axes
    norm_out/Mul, Add       GroupNorm weight and bias, with extra axes
    linear1, linear2        MatMul with the transposed weight
    self_attn/MatMul        transposed in_proj weight
    cross_attn/MatMul, Add  transposed query projection, bias; MatMul_1, Add_1: keys and values
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtsep.config import NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.architecture import shown
from rtsep.weights.bare import bare_config
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.onnx_data import read_outside
from rtsep.weights.shapes import check_shapes, expected_shapes
from rtsep.weights.tensors import widened

if TYPE_CHECKING:
    import torch

EMBEDDING_SCALE = 10
FOLDED = "onnx::"
LAYER_SCALE = ".6"  # index of the LayerScale in a DConv layer


def read_onnx(path: Path, signature: str, config: NetworkConfig | None = None) -> NetworkWeights:
    """Convert an export, which does not carry its configuration: without one it is read off the
    shapes."""
    graph = _graph(path)
    tensors = _parameters(graph, _constants(graph, path))
    named, notes = True, tuple[str, ...]()
    if config is None:
        config, named, notes = _recognized(path, tensors)
    kept = {name: tensors[name] for name in expected_shapes(config) if name in tensors}
    check_shapes({name: tuple(t.shape) for name, t in kept.items()}, config, path.name)
    return NetworkWeights(
        signature=signature,
        config=config,
        state=widened(kept, path.name),
        named=named,
        notes=notes,
    )


def _recognized(
    path: Path, tensors: dict[str, torch.Tensor]
) -> tuple[NetworkConfig, bool, tuple[str, ...]]:
    try:
        found = bare_config(path, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    except ModelError as error:
        raise ModelError(
            f"{path.name} is no export of an HTDemucs that rtsep can read weights out of; bring "
            "the .safetensors, .th or .ckpt that it was made from"
        ) from error
    official = NetworkConfig()
    return (official, True, ()) if found[0] == official else found


def _parameters(graph: Any, constants: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By name, those of the network, and what else the export kept by its name."""
    tensors = {name: value for name, value in constants.items() if not name.startswith(FOLDED)}
    halves: dict[str, dict[str, torch.Tensor]] = {}
    for node in graph.node:
        for name in node.input:
            if name.startswith(FOLDED) and name in constants:
                module, operation = _place(node.name)
                if "cross_attn" in module:
                    halves.setdefault(module, {})[operation] = constants[name]
                elif found := _parameter(module, node.op_type, constants[name]):
                    tensors[found[0]] = found[1]
    for module, parts in halves.items():
        tensors.update(_joined(module, parts))
    return tensors


def _graph(path: Path) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    except ImportError as error:
        raise ModelError(f"reading {path.name} needs onnx: pip install onnx") from error
    try:
        # What the file says of other files is not for the library to follow; without a format, its
        # own name would say in which language it is written.
        graph = onnx.load(str(path), format="protobuf", load_external_data=False).graph
    except DecodeError as error:
        raise ModelError(f"{path.name} is not a whole ONNX file") from error
    names = [item.name for item in (*graph.initializer, *graph.node)]
    names += [name for node in graph.node for name in node.input]
    if not all(isinstance(name, str) for name in names):  # bytes, where they are not UTF-8
        raise ModelError(f"{path.name} is damaged: a name in it is no text")
    return graph


def _constants(graph: Any, path: Path) -> dict[str, torch.Tensor]:
    import torch
    from onnx import TensorProto, numpy_helper

    floats = (TensorProto.FLOAT, TensorProto.FLOAT16)
    constants = {}
    for item in graph.initializer:
        if item.data_type not in floats:
            continue
        try:
            outside = item.data_location == TensorProto.EXTERNAL
            values = read_outside(item, path) if outside else numpy_helper.to_array(item).copy()
            constants[item.name] = torch.from_numpy(values)
        except (ValueError, TypeError, OSError) as error:
            raise ModelError(f"{path.name}: the tensor {shown(item.name)} is damaged") from error
    return constants


def _place(node: str) -> tuple[str, str]:
    """`/encoder.0/dconv/layers.1/layers.1.4/Mul` -> (`encoder.0.dconv.layers.1.4`, `Mul`)."""
    module, _, operation = node.strip("/").replace("/", ".").rpartition(".")
    return re.sub(r"layers\.(\d+)\.layers\.\1\.", r"layers.\1.", module), operation


def _parameter(module: str, operation: str, value: torch.Tensor) -> tuple[str, torch.Tensor] | None:
    """Name and value of the parameter behind a folded constant; None for one we do not know."""
    affine = {"Mul": "weight", "Add": "bias"}
    if operation == "Expand" and not module and value.ndim == 4 and value.numel():
        # Rounding to half undoes the exporter's float32 product exactly: the weights were half.
        return "freq_emb.embedding.weight", _unscaled(value[0, :, :, 0].t())
    if ".dconv." in module and module.endswith(LAYER_SCALE) and operation == "Mul":
        return f"{module}.scale", value.flatten()
    if (".dconv." in module or module.endswith("norm_out")) and operation in affine:
        return f"{module}.{affine[operation]}", value.flatten()
    if operation == "MatMul" and value.ndim == 2:
        if module.endswith(("linear1", "linear2")):
            return f"{module}.weight", value.t()
        if module.endswith("self_attn"):
            return f"{module}.in_proj_weight", value.t()
    return None


def _unscaled(product: torch.Tensor) -> torch.Tensor:
    quotient = product.float() / EMBEDDING_SCALE
    rounded = quotient.half().float()
    return rounded if bool((rounded * EMBEDDING_SCALE == product).all()) else quotient


def _joined(module: str, parts: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Put the projections of a cross-attention back into one, query first."""
    import torch

    joined = {}
    for operation, name in (("MatMul", "in_proj_weight"), ("Add", "in_proj_bias")):
        query, keys_values = parts.get(operation), parts.get(f"{operation}_1")
        if query is None or keys_values is None or query.ndim not in (1, 2):
            continue
        if query.shape[:-1] == keys_values.shape[:-1]:
            joined[f"{module}.{name}"] = torch.cat([query, keys_values], dim=-1).t()
    return joined
