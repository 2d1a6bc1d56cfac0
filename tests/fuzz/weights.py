"""Checkpoints in all three formats. Nothing in them may run, whatever it is called."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from rtsep.weights.architecture import arguments_from_config
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.files import read_network
from rtsep.weights.onnx_file import read_onnx
from rtsep.weights.shapes import expected_shapes
from tests.fuzz import tiny
from tests.fuzz.kinds import Kind
from tests.fuzz.mutate import EXTREMES, mutated

CANARY = "canary"


def check_network(network: NetworkWeights) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state.items()}
    assert shapes == expected_shapes(network.config)
    for tensor in network.state.values():
        assert tensor.dtype == torch.float32 and bool(torch.isfinite(tensor).all())


def check_any(path: Path) -> None:
    check_network(read_network(path))


# PyTorch's files


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def saved(**changes: Any) -> bytes:
    """What demucs.states.serialize_model makes, of the tiny network, with changes."""
    from demucs.htdemucs import HTDemucs

    network, buffer = tiny.network(), io.BytesIO()
    package = {
        "klass": HTDemucs,
        "args": (),
        "kwargs": {**arguments_from_config(network.config), "segment": network.config.segment},
        "state": {name: tensor.half() for name, tensor in network.state.items()},
        "training_args": {"optim": {"lr": 3e-4, "betas": [0.9, 0.99]}, "seed": 42},
        "metrics": {"valid": np.float64(5.2)},
    }
    torch.save({**package, **changes}, buffer)
    return buffer.getvalue()


@cache
def good_th() -> bytes:
    return saved()


HOSTILE: tuple[Callable[[], object], ...] = (
    lambda: Calls(os.system, f"touch {CANARY}"),
    lambda: Calls(eval, f"open({CANARY!r}, 'w')"),
    lambda: Calls(exec, "import os"),
    lambda: Calls(open, CANARY, "w"),
    lambda: Calls(__import__, "antigravity"),
    lambda: Calls(pickle.loads, b"N."),
    lambda: Calls(torch.load, "/etc/passwd"),
    lambda: Calls(getattr, "", "join"),
    lambda: Calls(bytearray, 1 << 40),
    lambda: Calls(Fraction, "1e999999999"),
    lambda: torch.zeros(1).expand(1 << 40),
    lambda: torch.zeros(1, dtype=torch.complex64),
    lambda: torch.zeros(3, dtype=torch.int8),
    lambda: torch.zeros(2, 2).to_sparse(),
    lambda: torch.nn.Parameter(torch.ones(2)),
    lambda: np.ones(3),
    lambda: {(): {(): ()}},
    lambda: 10**30,
    lambda: float("nan"),
    lambda: "x" * 5000,
    lambda: "\x1b[2J\n",
)


def make_th(random: Random) -> bytes:
    chance = random.random()
    if chance < 0.3:
        return mutated([good_th()], random, (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"))
    if chance < 0.7:
        program = mutated([program_of(good_th())], random, SNIPPETS)
        return rezipped(good_th(), {"data.pkl": program}, random)
    hostile = random.choice(HOSTILE)()
    where = random.choice(("state", "kwargs", "klass", "args", "training_args", "tensor", "kwarg"))
    if where == "tensor":
        state = dict(tiny.network().state)
        state[random.choice([*state, "more", "\x1b[2J"])] = hostile  # type: ignore[assignment]
        return saved(state=state)
    if where == "kwarg":
        kwargs: dict[str, Any] = arguments_from_config(tiny.CONFIG)
        return saved(kwargs={**kwargs, random.choice([*kwargs, "more"]): hostile})
    return saved(**{where: hostile})


def program_of(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return archive.read(name)


def rezipped(content: bytes, changes: dict[str, bytes], random: Random | None = None) -> bytes:
    """The same members with other contents, and, by chance, tricks with their names and sizes."""
    buffer = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w") as new,
    ):
        warnings.simplefilter("ignore")  # names may be there twice
        for name in old.namelist():
            data = changes.get(name.rpartition("/")[2], old.read(name))
            trick = random.random() if random else 0.5
            if random and trick < 0.01:
                name = random.choice((f"../{CANARY}", f"/tmp/{CANARY}", "archive/data/0", "x"))
            elif trick < 0.02:
                data = data[: len(data) // 2]
            elif trick < 0.03:
                data = data * 3
            packing = zipfile.ZIP_DEFLATED if trick > 0.99 else zipfile.ZIP_STORED
            new.writestr(name, data, packing)
        if random and random.random() < 0.1:
            extra = random.choice(
                ("constants.pkl", "byteorder", ".storage_alignment", "big/data.pkl")
            )
            new.writestr(f"archive/{extra}", random.choice((b"big", b"-1", b"", b"N.", b"9" * 99)))
    return buffer.getvalue()


# What pickles are made of; every instruction that can name, call or build something is here.
SNIPPETS = (
    b"cos\nsystem\n", b"cposix\nsystem\n", b"cbuiltins\neval\n", b"c__builtin__\nexec\n",
    b"ccollections\nOrderedDict\n", b"c_codecs\nencode\n", b"cdemucs.htdemucs\nHTDemucs\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n", b"ctorch\nSize\n",
    b"cfractions\nFraction\n", b"cnumpy.core.multiarray\nscalar\n", b"cdemucs.x\x1b[2J\ny\n",
    b"ios\nsystem\n", b"\x8c\x02os\x8c\x06system\x93", b"\x82\x01", b"\x83\x01\x00",
    b"\x84\x01\x00\x00\x00", b"X\x0c\x00\x00\x00touch canary", b"X\x08\x00\x00\x00punycode",
    b"X\x06\x00\x00\x00latin1", b"X\x07\x00\x00\x00storage", b"U\x01a", b"(", b"t", b"l", b"d",
    b"o",
    b"R", b"b", b"\x81", b"\x92", b"Q", b"Pid\n", b"q\x00", b"h\x00", b"r\x00\x00\x01\x00",
    b"j\x00",
    b"\x85", b"\x86", b"\x87", b")", b"]", b"}", b"\x8f", b"u", b"s", b"a", b"e", b"\x90", b"N",
    b"\x88", b"K\x01", b"M\xff\xff", b"J\xff\xff\xff\x7f", b"\x8a\x09" + b"\xff" * 9,
    b"G" + b"\x7f" * 8,
    b"I9999999999\n", b"L1L\n", b"F1e999\n", b"2", b"0", b"1", b"\x94", b"\x95" + b"\xff" * 8, b".",
)  # fmt: skip


def make_pickle(random: Random) -> bytes:
    """A program out of nothing, in a file like PyTorch's."""
    parts = [random.choice(SNIPPETS) for _ in range(random.randrange(1, 40))]
    if random.random() < 0.2:
        parts *= 500
    program = b"\x80\x02" + b"".join(parts) + b"."
    return rezipped(good_th(), {"data.pkl": program}, random)


# safetensors


@cache
def good_safetensors() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return tiny.write_model(Path(folder) / "tiny.safetensors").read_bytes()


ODD_JSON = (
    0, -1, 1.5, 10**30, 1e308, True, None, "", "x" * 3000, "\x1b[2J\n", [], [[]], {}, {"a": 1},
    {"_type": "fraction", "numerator": "1e999999999", "denominator": None},
    {"_type": "fraction", "numerator": 1, "denominator": 0}, ["a", "a"], "__import__('os')",
)  # fmt: skip
DTYPES = ("F64", "F32", "F16", "BF16", "I64", "BOOL", "U8", "F8_E4M3", "F8_E8M0", "F4", "C64", "X")


def make_safetensors(random: Random) -> bytes:
    content = good_safetensors()
    if random.random() < 0.3:
        return mutated([content], random, (b'{"', b"[" * 500, b"}}}", b'"dtype":"F4",'))
    size = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]
    for _ in range(random.choice((1, 1, 2, 5))):
        _change_header(header, random)
    text = json.dumps(header).encode()
    if random.random() < 0.3:
        text = mutated([text], random, (b"[" * 2000, b'{"a":', b"NaN", b"1e999", b"\\u0000"))
    length = len(text) if random.random() < 0.9 else random.choice(EXTREMES)
    return struct.pack("<Q", length) + text + data


def _change_header(header: dict[str, Any], random: Random) -> None:
    metadata = header["__metadata__"]
    name = random.choice([name for name in header if name != "__metadata__"])
    tensor = header[name]
    match random.randrange(6):
        case 0:
            tensor["dtype"] = random.choice(DTYPES)
        case 1:
            tensor["shape"] = [random.choice(EXTREMES) for _ in range(random.randrange(5))]
        case 2:
            tensor["data_offsets"] = sorted(random.choice(EXTREMES) for _ in range(2))
        case 3:
            header["\x1b[2J\n" * random.choice((1, 500))] = tensor
        case 4:
            kwargs: dict[str, Any] = arguments_from_config(tiny.CONFIG) | {"segment": 1}
            kwargs[random.choice([*kwargs, "more", "norm_starts"])] = random.choice(ODD_JSON)
            metadata["kwargs"] = json.dumps(kwargs)
        case 5:
            key = random.choice(("klass", "args", "kwargs"))
            metadata[key] = random.choice(
                ("", "{", "[" * 5000, "[1]", "null", "demucs.x", "9" * 5000)
            )


# ONNX


@cache
def good_onnx() -> bytes:
    """The tiny network with all parameters under their own names, and some folded ones besides."""
    initializers = [
        numpy_helper.from_array(tensor.numpy(), name)
        for name, tensor in tiny.network().state.items()
    ]
    crossing = "/crosstransformer/layers.1/cross_attn"
    places: tuple[tuple[str, str, tuple[int, ...]], ...] = (
        ("Expand", "/Expand", (1, 8, 8, 1)),
        ("MatMul", "/crosstransformer/layers.0/linear1/MatMul", (8, 32)),
        ("Mul", "/encoder.0/dconv/layers.0/layers.0.6/Mul", (8, 1)),
        ("MatMul", f"{crossing}/MatMul", (8, 8)), ("MatMul", f"{crossing}/MatMul_1", (8, 16)),
        ("Add", f"{crossing}/Add", (8,)), ("Add", f"{crossing}/Add_1", (16,)),
    )  # fmt: skip
    nodes = []
    for number, (operation, place, shape) in enumerate(places):
        name = f"onnx::{number}"
        initializers.append(numpy_helper.from_array(np.ones(shape, np.float32), name))
        nodes.append(helper.make_node(operation, [name], [], name=place))
    graph = helper.make_graph(nodes, "network", [], [], initializers)
    return bytes(helper.make_model(graph).SerializeToString())


def make_onnx(random: Random) -> bytes:
    if random.random() < 0.4:
        return mutated(
            [good_onnx()], random, (b"onnx::", b"\x0a\xff\xff\xff\xff\x0f", b"\x2a" * 60)
        )
    model = onnx.load_from_string(good_onnx())
    for _ in range(random.choice((1, 1, 2, 5))):
        _change_tensor(random.choice(list(model.graph.initializer)[-12:]), random)
        if random.random() < 0.3:
            node = random.choice(model.graph.node)
            node.op_type = random.choice(("Expand", "MatMul", "Mul", "Add", ""))
            node.name = random.choice(
                ("/Expand", "", "//", "/x/cross_attn/Add", "../../etc/passwd")
            )
    return bytes(model.SerializeToString())


def _change_tensor(tensor: Any, random: Random) -> None:
    match random.randrange(6):
        case 0:
            del tensor.dims[:]
            tensor.dims.extend(random.choice((0, 1, -1, 8, 1 << 40, -(1 << 62))) for _ in range(4))
        case 1:
            tensor.data_type = random.choice((0, 1, 2, 8, 9, 10, 11, 14, 16, 17, 23, 99, -1))
        case 2:
            tensor.raw_data = random.randbytes(random.randrange(64))
        case 3:
            tensor.ClearField("raw_data")
            tensor.float_data.extend([1.0] * random.randrange(9))
        case 4:
            tensor.data_location = TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", random.choice(("/etc/passwd", f"../{CANARY}", ""))
        case 5:
            tensor.name = random.choice(("", "onnx::0", "\x1b[2J", "encoder.0.conv.weight"))


def check_onnx(path: Path) -> None:
    check_network(read_onnx(path, "fuzzed", tiny.CONFIG))


KINDS = (
    Kind(name="th", file="fuzzed.th", make=make_th, check=check_any),
    Kind(name="pickle", file="fuzzed.th", make=make_pickle, check=check_any),
    Kind(name="safetensors", file="fuzzed.safetensors", make=make_safetensors, check=check_any),
    Kind(name="onnx", file="fuzzed.onnx", make=make_onnx, check=check_onnx),
)
