"""Constants of compiled steps come back as they were, once each, and go when nobody needs them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import torch

from rtsep.errors import CompileError
from rtsep.executors.constants import LARGE_BYTES, Constants
from rtsep.executors.records import Record

LARGE = torch.arange(LARGE_BYTES, dtype=torch.float32).reshape(64, -1)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(3.5),
        torch.arange(6).reshape(2, 3),
        torch.randn(3, 5).bfloat16().t(),
        torch.randn(2, 8, 3, 3).to(memory_format=torch.channels_last),
        LARGE,
        LARGE.t(),
        LARGE[:, 7:9],
    ],
    ids=["scalar", "small", "transposed", "channels last", "large", "large transposed", "view"],
)
def test_a_tensor_comes_back(tensor: torch.Tensor, tmp_path: Path) -> None:
    record = through_json(Constants(tmp_path).keep(tensor))
    back = Constants(tmp_path).load(record)
    assert torch.equal(back, tensor) and back.dtype == tensor.dtype
    assert record.bytes == tensor.numel() * tensor.element_size()
    assert tensor.dim() < 2 or back.stride() == tensor.clone().stride()


def test_a_tensor_of_onednn_comes_back(tmp_path: Path) -> None:
    weight, x = torch.randn(64, 256), torch.randn(9, 256)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, 9)
    back = Constants(tmp_path).load(through_json(Constants(tmp_path).keep(packed)))
    assert back.is_mkldnn and len(list(tmp_path.iterdir())) == 1
    product = torch.ops.mkldnn._linear_pointwise
    expected = product(x, packed, None, "none", [], "")
    assert torch.equal(product(x, back, None, "none", [], ""), expected)
    torch.testing.assert_close(expected, x @ weight.t(), rtol=1e-4, atol=1e-4)


def test_equal_tensors_are_one_file(tmp_path: Path) -> None:
    constants = Constants(tmp_path)
    assert constants.keep(LARGE) == constants.keep(LARGE.clone())
    constants.keep(LARGE + 1)
    assert len(list(tmp_path.iterdir())) == 2


def test_only_old_files_that_nobody_needs_go(tmp_path: Path) -> None:
    constants = Constants(tmp_path)
    kept, old, new = (constants.keep(LARGE + n).file for n in range(3))
    for name in (kept, old):
        os.utime(tmp_path / name, (time.time() - 100,) * 2)
    constants.sweep({kept}, older_than=50.0)
    assert {file.name for file in tmp_path.iterdir()} == {kept, new}


def test_what_is_kept_again_is_new(tmp_path: Path) -> None:
    """Another process that sweeps does not know yet for whom."""
    constants = Constants(tmp_path)
    name = constants.keep(LARGE).file
    os.utime(tmp_path / name, (0, 0))
    constants.keep(LARGE)
    constants.sweep(set(), older_than=50.0)
    assert (tmp_path / name).exists()


def test_damage_is_told(tmp_path: Path) -> None:
    constants = Constants(tmp_path)
    record = constants.keep(LARGE)
    file = tmp_path / record.file
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(CompileError, match="is damaged; remove it and compile the step anew"):
        constants.load(record)
    file.unlink()
    with pytest.raises(CompileError, match="a part of a compiled step is missing"):
        constants.load(record)


def through_json(record: Record) -> Record:
    return Record.from_json(json.loads(json.dumps(record.to_json())))
