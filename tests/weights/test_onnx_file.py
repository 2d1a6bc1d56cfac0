"""The ONNX conversion: exact on the real export, and one clear line for anything else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from demucs.htdemucs import HTDemucs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from weights_support import SMALL, demucs_arguments, fingerprint, same_state

from rtsep.config import NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.files import read_network
from rtsep.weights.onnx_file import read_onnx

# Of the 533 tensors that demucs 4.1 loads strictly and separates with like the official network.
REAL_FINGERPRINT = "fccc4ce39611291928c42568dc5e59dcaf29efc7b716845c8abcad0233540589"


def exported(network: NetworkWeights) -> onnx.ModelProto:
    """The network as PyTorch's exporter would leave it: parameters kept, folded or transposed."""
    kept: dict[str, torch.Tensor] = {}
    nodes: list[onnx.NodeProto] = []
    folded: dict[str, torch.Tensor] = {}

    def fold(place: str, operation: str, value: torch.Tensor, suffix: str = "") -> None:
        name = f"onnx::{operation}_{len(folded)}"
        folded[name] = value
        node = helper.make_node(operation, [name], [], name=f"/{place}/{operation}{suffix}")
        nodes.append(node)

    for name, tensor in network.state.items():
        module, _, leaf = name.rpartition(".")
        # encoder.0.dconv.layers.1.4 -> encoder.0/dconv/layers.1/layers.1.4
        place = re.sub(
            r"\.(?!\d)", "/", re.sub(r"layers\.(\d)\.(\d)", r"layers.\1.layers.\1.\2", module)
        )
        if name == "freq_emb.embedding.weight":
            folded["onnx::Expand_0"] = (tensor.t() * 10)[None, :, :, None]
            nodes.append(helper.make_node("Expand", ["onnx::Expand_0"], [], name="/Expand"))
        elif ".dconv." in name and tensor.ndim == 1 and module.endswith((".1", ".4", ".6")):
            fold(place, "Add" if leaf == "bias" else "Mul", tensor[:, None])
        elif module.endswith("norm_out"):
            fold(place, "Mul" if leaf == "weight" else "Add", tensor[:, None])
        elif name.endswith(("linear1.weight", "linear2.weight", "self_attn.in_proj_weight")):
            fold(place, "MatMul", tensor.t())
        elif module.endswith("cross_attn") and leaf.startswith("in_proj"):
            operation = "MatMul" if leaf == "in_proj_weight" else "Add"
            width = len(tensor) // 3
            fold(place, operation, tensor[:width].t())
            fold(place, operation, tensor[width:].t(), "_1")
        else:
            kept[name] = tensor
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(tensor.numpy()), name)
        for name, tensor in {**kept, **folded}.items()
    ]
    return helper.make_model(helper.make_graph(nodes, "network", [], [], initializers))


@pytest.fixture(scope="session")
def small_export(small: NetworkWeights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "small.onnx"
    path.write_bytes(exported(small).SerializeToString())
    return path


def test_every_rule_undoes_the_exporter(small: NetworkWeights, small_export: Path) -> None:
    assert same_state(read_onnx(small_export, "small", SMALL), small)


def test_the_real_export_is_the_official_network(real_network: NetworkWeights) -> None:
    assert real_network.config == NetworkConfig()
    assert len(real_network.state) == 533
    HTDemucs(**demucs_arguments(real_network.config)).load_state_dict(real_network.state)
    assert fingerprint(real_network.state) == REAL_FINGERPRINT


def test_the_real_weights_are_exact_in_half_precision(real_network: NetworkWeights) -> None:
    """The exporter multiplied the embedding by 10 in float32; rounding to half undoes it."""
    for name, tensor in real_network.state.items():
        assert torch.equal(tensor, tensor.half().float()), name


def test_an_export_of_another_size_is_refused(small_export: Path) -> None:
    with pytest.raises(ModelError, match=r"small\.onnx: the tensors are not those"):
        read_network(small_export)


def test_an_unrelated_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    graph = helper.make_graph([], "other", [], [], [])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(ModelError, match="533 missing"):
        read_network(path)


def test_data_in_other_files_is_never_read(small: NetworkWeights, tmp_path: Path) -> None:
    model = exported(small)
    outside = model.graph.initializer[0]
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    path = tmp_path / "outside.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="1 missing"):
        read_onnx(path, "outside", SMALL)


@pytest.mark.parametrize("dims", [[1 << 40], [-1], [0], [3, 3]])
def test_a_tensor_with_false_dimensions_is_refused(
    small: NetworkWeights, tmp_path: Path, dims: list[int]
) -> None:
    model = exported(small)
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    path = tmp_path / "false.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"false\.onnx"):
        read_onnx(path, "false", SMALL)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(cut=st.integers(0, 999))
def test_a_truncated_export_is_refused(small_export: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.onnx"
    content = small_export.read_bytes()
    path.write_bytes(content[: cut * len(content) // 1000])
    with pytest.raises(ModelError):
        read_onnx(path, "cut", SMALL)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(place=st.integers(0, 999), value=st.binary(min_size=8, max_size=8))
def test_overwritten_bytes_never_crash(
    small_export: Path, tmp_path: Path, place: int, value: bytes
) -> None:
    content = small_export.read_bytes()
    start = place * len(content) // 1000
    path = tmp_path / "scratched.onnx"
    path.write_bytes(content[:start] + value + content[start + 8 :])
    try:
        read_onnx(path, "scratched", SMALL)  # a scratch inside a tensor cannot be noticed
    except ModelError as error:
        assert "scratched.onnx" in str(error)
