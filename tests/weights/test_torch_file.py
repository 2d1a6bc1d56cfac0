"""Official `.th` files load; whatever else calls itself one is refused, and nothing in it runs."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weights_support import demucs_arguments, same_state

from rtsep.errors import ModelError
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.files import read_network


def package(network: NetworkWeights, **changes: Any) -> dict[str, Any]:
    """What demucs.states.serialize_model makes."""
    return {
        "klass": HTDemucs,
        "args": (),
        "kwargs": demucs_arguments(network.config),
        "state": {name: tensor.half() for name, tensor in network.state.items()},
        "training_args": {"optim": {"lr": 3e-4, "betas": [0.9, 0.99]}, "seed": 42},
        "metrics": {"valid": np.float64(5.2)},  # some official files hold NumPy scalars
        **changes,
    }


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def zipped(program: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A file as torch.save makes it, around any pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.fixture(scope="session")
def official(small: NetworkWeights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("official") / "mine.th"
    path.write_bytes(saved(package(small)))
    return path


def test_an_official_file_loads(official: Path, small: NetworkWeights) -> None:
    network = read_network(official)
    assert network.signature == "mine"
    assert network.config == small.config
    assert same_state(network, small)
    assert {tensor.dtype for tensor in network.state.values()} == {torch.float32}


def test_sources_may_be_positional(small: NetworkWeights, tmp_path: Path) -> None:
    kwargs = demucs_arguments(small.config)
    args = (kwargs.pop("sources"),)
    path = tmp_path / "mine.th"
    path.write_bytes(saved(package(small, args=args, kwargs=kwargs)))
    assert read_network(path).config == small.config


@pytest.mark.parametrize("place", ["state", "kwargs", "training_args", "extra", "klass"])
def test_a_hostile_pickle_runs_nothing(small: NetworkWeights, tmp_path: Path, place: str) -> None:
    touched = tmp_path / "touched"
    path = tmp_path / "evil.th"
    path.write_bytes(saved(package(small, **{place: Calls(os.system, f"touch {touched}")})))
    with pytest.raises(ModelError, match=r"evil.th refused: it wants to call posix.system") as info:
        read_network(path)
    assert not touched.exists()
    assert len(str(info.value).splitlines()) == 1


@pytest.mark.parametrize(
    "function",
    [eval, exec, __import__, getattr, torch.hub.load, torch.load, pickle.loads, os.fspath],
    ids=lambda function: str(function.__name__),
)
def test_only_what_checkpoints_need_may_be_named(
    function: Callable[..., object], tmp_path: Path
) -> None:
    path = tmp_path / "evil.th"
    path.write_bytes(saved({"klass": Calls(function, "1")}))
    with pytest.raises(ModelError, match="wants to call"):
        read_network(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"klass": Calls(HTDemucs, "sources", 1, 2)},
        {"klass": Fraction},
        {"klass": "demucs.htdemucs.HTDemucs"},
        {"kwargs": Calls(HTDemucs, {"a": 1})},
        {"kwargs": {"sources": Calls(HTDemucs)}},
        {"kwargs": {"sources": ["a", "b"], "segment": Calls(Fraction, "1e999999999")}},
        {"kwargs": {"sources": ["a", "b"], "segment": Calls(Fraction, 1, 0)}},
        {"kwargs": {"sources": ["a", "b"], "channels": 10**30}},
        {"kwargs": {"sources": ["a", "b"], "t_layers": 10**9}},
        {"kwargs": {"sources": ["a", "b"], "segment": Calls(Fraction, 1 << 99_999, 3)}},
        {"kwargs": {"sources": ["a", "b"], "kernel_size": torch.zeros(3)}},
        {"kwargs": {"sources": torch.zeros(3), "cac": torch.zeros(1)}},
        {"kwargs": {"sources": ["a", "b"], "dconv_mode": torch.tensor(3)}},
        {"kwargs": {1: 2}},
        {"args": 7},
        {"state": Calls(HTDemucs)},
        {"state": {"__quantized": True}},
        {"state": {1: torch.zeros(1)}},
        {"state": {}},
    ],
    ids=range(19),
)
def test_welcome_names_in_odd_places_are_refused(
    small: NetworkWeights, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = tmp_path / "odd.th"
    path.write_bytes(saved(package(small, **changes)))
    with pytest.raises(ModelError, match=r"odd\.th") as info:
        read_network(path)
    assert len(str(info.value)) < 400


def test_another_network_is_named(small: NetworkWeights, tmp_path: Path) -> None:
    path = tmp_path / "other.th"
    path.write_bytes(saved(package(small, klass=HDemucs)))
    with pytest.raises(ModelError, match="is a HDemucs, not a Hybrid Transformer Demucs"):
        read_network(path)


def test_a_tensor_that_claims_terabytes_is_refused(small: NetworkWeights, tmp_path: Path) -> None:
    path = tmp_path / "huge.th"
    name = next(iter(small.state))
    state = {**small.state, name: torch.zeros(1).expand(1 << 40)}
    path.write_bytes(saved(package(small, state=state)))
    with pytest.raises(ModelError, match="1 misshapen"):
        read_network(path)


def nested_tuples(levels: int) -> bytes:
    """A dictionary whose key is a tuple of 2 ** levels ones."""
    program = b"\x80\x02}("  # protocol 2, a dictionary, a mark
    program += b"K\x01K\x01\x86q\x00"  # (1, 1), remembered as 0
    for _ in range(levels):
        program += b"0h\x00h\x00\x86q\x00"  # forget it; twice what 0 was, as 0
    return program + b"K\x01u."


def deep_tuple(levels: int) -> bytes:
    return b"\x80\x02}(K\x01" + b"\x85" * levels + b"K\x01u."


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (zipped(nested_tuples(60)), "tuples in tuples"),
        (zipped(deep_tuple(1_000_000)), "tuples in tuples"),
        (zipped(bytes(1 << 22), zipfile.ZIP_DEFLATED), "is compressed"),
        (zipped(b"\x80\x02" + b"N0" * (5 << 20) + b"N."), "not one of PyTorch's"),
        (zipped(pickle.dumps({"klass": HTDemucs}, protocol=4)), "STACK_GLOBAL"),
        (
            zipped(b"\x80\x02]q\x00" + b"(" + b"h\x00" * 1000 + b"e."),
            "neither a checkpoint of demucs",
        ),
        (zipped(b""), "not a whole PyTorch file"),
        (zipped(b"\x80\x02cos\nsystem\n"), "not a whole PyTorch file|wants to call"),
        (zipped(b"\x80\x02u."), "not a whole PyTorch file"),
        (b"PK\x03\x04" + bytes(100), "not a whole PyTorch file"),
    ],
    ids=[
        "hash bomb",
        "deep tuple",
        "zip bomb",
        "endless pickle",
        "protocol 4",
        "list in itself",
        "empty pickle",
        "cut pickle",
        "underflow",
        "zeros",
    ],
)
def test_bombs_and_damage_are_refused(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.th"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=complaint):
        read_network(path)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(cut=st.integers(0, 999))
def test_a_truncated_file_is_refused(official: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.th"
    content = official.read_bytes()
    path.write_bytes(content[: cut * len(content) // 1000])
    with pytest.raises(ModelError):
        read_network(path)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(program=st.binary(max_size=200))
def test_random_pickles_are_refused(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "random.th"
    path.write_bytes(zipped(b"\x80\x02" + program))
    with pytest.raises(ModelError):
        read_network(path)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(content=st.binary(max_size=400), start=st.sampled_from([b"", b"PK\x03\x04", b"\x08"]))
def test_random_bytes_are_refused(content: bytes, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "random.th"
    path.write_bytes(start + content)
    with pytest.raises(ModelError):
        read_network(path)
