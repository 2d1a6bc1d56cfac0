"""Checkpoints: what is no network is refused in a line, and nothing in one ever runs."""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given

from rtsep.weights.architecture import HTDEMUCS, arguments_from_config
from rtsep.weights.shapes import expected_shapes
from tests.fuzz import tiny
from tests.fuzz.holding import SEEDS, accepted, holds, refused, some
from tests.fuzz.sandbox import Sandbox
from tests.fuzz.weights import good_onnx, good_safetensors, good_th, rezipped, saved


@pytest.mark.parametrize("name", ["th", "pickle", "safetensors", "onnx"])
@some(30)
@given(seed=SEEDS)
def test_any_checkpoint(sandbox: Sandbox, name: str, seed: int) -> None:
    holds(sandbox, name, seed)


def test_checkpoints_that_are_whole(sandbox: Sandbox) -> None:
    accepted(sandbox, "th", good_th())
    accepted(sandbox, "safetensors", good_safetensors())
    accepted(sandbox, "onnx", good_onnx())


def program(*parts: bytes) -> bytes:
    return rezipped(good_th(), {"data.pkl": b"\x80\x02" + b"".join(parts) + b"."})


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


ENCODE = b"c_codecs\nencode\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (program(b"cos\nsystem\n", text("touch canary"), b"\x85R"), "wants to call os.system"),
        (program(b"ios\nsystem\n"), "INST"),
        (program(b"\x8c\x02os\x8c\x06system\x93"), "STACK_GLOBAL"),
        (program(b"\x82\x01"), "EXT1"),
        (program(b"(cos\nsystem\no"), "OBJ"),
        (program(ENCODE, text("ö" * 100_000), text("punycode"), b"\x86R"), "encode in an odd way"),
        (program(b"]", b"\x8a\x09" + b"\x01" * 9, b"a"), "enormous numbers"),
        # A list of a thousand is copied a hundred thousand times.
        (
            program(
                b"ccollections\nOrderedDict\nq\x00]q\x01(" + b"K\x01K\x02\x86" * 1000 + b"e",
                b"h\x00h\x01\x85R0" * 100_000,
            ),
            "copies things without end",
        ),
    ],
    ids=["global", "inst", "stack global", "extension", "obj", "codec", "long", "copies"],
)
def test_programs(sandbox: Sandbox, content: bytes, complaint: str) -> None:
    assert complaint in refused(sandbox, "pickle", content)


def test_tensors_larger_than_their_file(sandbox: Sandbox) -> None:
    """All of the right shape, and one number stands for each: 5 GB."""
    config = dataclasses.replace(tiny.CONFIG, channels=4096)
    state = {name: torch.ones(1).expand(shape) for name, shape in expected_shapes(config).items()}
    content = saved(kwargs=arguments_from_config(config), state=state)
    assert "claim to be larger than the file" in refused(sandbox, "th", content)


def test_a_storage_larger_than_its_record(sandbox: Sandbox) -> None:
    """The pickle says how much there is; what lies behind it in memory is nobody's business."""
    content = good_th()
    name = next(iter(tiny.network().state))
    values = np.frombuffer(tiny.network().state[name].half().numpy().tobytes(), np.uint8)
    assert values.tobytes() in content
    cut = rezipped(content, {"0": values.tobytes()[:2]})
    outcome = sandbox.check("th", cut)
    assert outcome.kind in ("refused", "accepted"), (
        outcome
    )  # of an accepted one, all is in the file


def metadata(**changes: Any) -> bytes:
    kwargs = {**arguments_from_config(tiny.CONFIG), "segment": 1, **changes}
    return header({"__metadata__": {"klass": HTDEMUCS, "kwargs": json.dumps(kwargs)}})


def header(content: dict[str, Any]) -> bytes:
    encoded = json.dumps(content).encode()
    return struct.pack("<Q", len(encoded)) + encoded


@pytest.mark.parametrize("numerator", ["1e999999999", 1e308, True, None])
def test_a_fraction_that_would_take_for_ever(sandbox: Sandbox, numerator: object) -> None:
    segment = {"_type": "fraction", "numerator": numerator, "denominator": None}
    complaint = refused(sandbox, "safetensors", metadata(segment=segment))
    assert "fraction of something other than whole numbers" in complaint


@pytest.mark.parametrize(
    "changes",
    [{"segment": 3600, "samplerate": 1_000_000}, {"segment": 3600, "nfft": 64}],
)
def test_a_segment_that_would_take_all_memory(sandbox: Sandbox, changes: dict[str, object]) -> None:
    assert "is more than rtsep takes" in refused(sandbox, "safetensors", metadata(**changes))


def test_a_stem_that_would_move_a_cursor(sandbox: Sandbox) -> None:
    hostile = metadata(sources=["drums", "\x1b[2J"])
    assert "does not list its stems" in refused(sandbox, "safetensors", hostile)


def test_names_from_a_file_move_no_cursor(sandbox: Sandbox) -> None:
    tensor = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    hostile = "\x1b[2J\n" * 1000
    content = json.loads(metadata()[8:]) | {hostile: tensor}
    assert "1 unexpected" in refused(sandbox, "safetensors", header(content))
    content = {"x": tensor | {"dtype": hostile}}
    assert "not a whole safetensors file" in refused(sandbox, "safetensors", header(content))


def test_an_empty_embedding(sandbox: Sandbox) -> None:
    model = onnx.load_from_string(good_onnx())
    embedding = next(item for item in model.graph.initializer if item.name == "onnx::0")
    embedding.ClearField("raw_data")
    del embedding.dims[:]
    embedding.dims.extend([0, 0, 0, 0])
    accepted(sandbox, "onnx", model.SerializeToString())  # it is there under its own name too
