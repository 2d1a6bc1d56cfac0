"""The ONNX conversion: exact on the real export, and one clear line for anything else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from demucs.htdemucs import HTDemucs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from weights_support import SMALL, demucs_arguments, fingerprint, random_network, same_state

from rtsep.config import STEMS_4, STEMS_6, NetworkConfig
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


@pytest.mark.parametrize(
    ("changes", "stems"),
    [
        ({}, STEMS_4),
        ({"stems": ("vocals", "other")}, ("stem1", "stem2")),
        ({"stems": STEMS_6, "bottom_channels": 0, "channels": 16}, STEMS_6),
    ],
    ids=["another size", "two stems", "six stems"],
)
def test_an_export_is_read_by_its_shapes(
    changes: dict[str, Any], stems: tuple[str, ...], tmp_path: Path
) -> None:
    network = random_network(3, replace(SMALL, t_heads=8, **changes))
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported(network).SerializeToString())
    found = read_network(path)
    assert same_state(found, network)
    assert found.config == replace(network.config, stems=stems)
    assert "8 attention heads" in found.all_notes()[0]
    assert read_network(path, stems=network.config.stems).config == network.config


def test_an_unrelated_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    graph = helper.make_graph([], "other", [], [], [])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(ModelError, match=r"no export of an HTDemucs .* bring the .safetensors"):
        read_network(path)


@pytest.fixture
def in_two(small: NetworkWeights, tmp_path: Path) -> Path:
    """Its weights in a file beside it, as the library writes them, but for small ones."""
    path = tmp_path / "two.onnx"
    onnx.save(
        exported(small), path, save_as_external_data=True, location="two.onnx.data",
        size_threshold=200,
    )  # fmt: skip
    return path


def test_weights_in_a_second_file(in_two: Path, small: NetworkWeights) -> None:
    assert in_two.stat().st_size < in_two.with_name("two.onnx.data").stat().st_size
    assert same_state(read_onnx(in_two, "two", SMALL), small)


def test_a_second_file_that_is_missing_or_cut_is_named(in_two: Path) -> None:
    data = in_two.with_name("two.onnx.data")
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(ModelError, match=r"two.onnx.data, which holds weights of .* is not whole"):
        read_onnx(in_two, "two", SMALL)
    data.unlink()
    with pytest.raises(ModelError, match=r"second file, two.onnx.data, which is not beside it"):
        read_onnx(in_two, "two", SMALL)
    data.mkdir()
    with pytest.raises(ModelError, match="not beside it"):
        read_onnx(in_two, "two", SMALL)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("location", "/etc/passwd", "refused: it wants weights from '/etc/passwd'"),
        ("location", "../two.onnx.data", "no file beside it"),
        ("location", "deep/two.onnx.data", "no file beside it"),
        ("location", "..", "no file beside it"),
        ("location", "", "no file beside it"),
        ("location", "C:\\secret", "no file beside it"),
        ("offset", "-4", "damaged"),
        ("offset", "9" * 30, "damaged"),
        ("offset", "9" * 18, "not whole"),
        ("length", "8", "damaged"),
    ],
)
def test_only_a_file_beside_it_is_read_and_no_more_of_it_than_there_is(
    key: str, value: str, complaint: str, in_two: Path
) -> None:
    model = onnx.load(str(in_two), load_external_data=False)
    outside = next(item for item in model.graph.initializer if item.external_data)
    entries = {entry.key: entry for entry in outside.external_data}
    entries[key].value = value
    in_two.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=complaint):
        read_onnx(in_two, "two", SMALL)


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
