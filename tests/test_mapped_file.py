"""Tensors come back from one file as they were, share it, and leave memory without being lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rtsep.errors import CompileError
from rtsep.executors import mapped_file
from rtsep.executors.mapped_file import MappedFile, write_mapped

linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is told and dropped otherwise")

TENSORS = {
    "scalar": torch.tensor(3.5),
    "transposed": torch.randn(3, 5).bfloat16().t(),
    "channels last": torch.randn(2, 8, 3, 3).to(memory_format=torch.channels_last),
    "whole numbers": torch.arange(7, dtype=torch.int32),
    "view": torch.randn(64, 300)[:, 7:9],
    "large": torch.randn(1 << 20),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.tensors"


@pytest.fixture
def file(path: Path) -> MappedFile:
    write_mapped(path, {"name": "some"}, TENSORS)
    return MappedFile(path)


def resident(path: Path) -> int:
    """Bytes of the file that this process has in memory."""
    found, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if "-" in first:  # the addresses of a mapping
            ours = rest[-1] == str(path)
        elif first == "Rss:" and ours:
            found += 1024 * int(rest[0])
    return found


def test_tensors_come_back(file: MappedFile) -> None:
    assert file.facts == {"name": "some"} and list(file.tensors) == list(TENSORS)
    for name, tensor in TENSORS.items():
        back = file.tensors[name]
        assert torch.equal(back, tensor) and back.dtype == tensor.dtype
        assert tensor.dim() < 2 or back.stride() == tensor.clone().stride()
        assert back.data_ptr() % 64 == 0


def test_what_onednn_has_laid_out_comes_back(path: Path) -> None:
    weight, x = torch.randn(64, 256), torch.randn(9, 256)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, 9)
    write_mapped(path, {}, {"weight": packed})
    back = MappedFile(path).tensors["weight"]
    product = torch.ops.mkldnn._linear_pointwise
    expected = product(x, packed, None, "none", [], "")
    assert torch.equal(product(x, back, None, "none", [], ""), expected)


@linux
def test_memory_is_given_up_and_comes_back(file: MappedFile, path: Path) -> None:
    def used() -> Tensor:
        return file.tensors["large"].sum()

    before, size = used(), TENSORS["large"].nbytes
    assert resident(path) >= size
    file.drop_pages()
    assert resident(path) < size / 10
    assert torch.equal(used(), before) and torch.equal(file.tensors["large"], TENSORS["large"])


def test_what_was_written_is_not_lost(file: MappedFile, path: Path) -> None:
    file.tensors["large"][5] = 7
    file.drop_pages()
    assert file.tensors["large"][5] == 7
    assert torch.equal(MappedFile(path).tensors["large"], TENSORS["large"])


@linux
@torch.inference_mode()
def test_a_file_may_be_opened_where_nothing_learns(file: MappedFile, path: Path) -> None:
    opened = MappedFile(path)
    opened.drop_pages()
    assert torch.equal(opened.tensors["large"], TENSORS["large"])


@pytest.mark.parametrize("damage", [
    lambda content: b"",
    lambda content: b"something else entirely",
    lambda content: content[:-1],
    lambda content: content[4096:],
    lambda content: content[:-8] + (1 << 62).to_bytes(8, "little"),
])  # fmt: skip
def test_what_is_no_such_file_is_refused(path: Path, file: MappedFile, damage: object) -> None:
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(CompileError, match="holds no tensors of this PyTorch"):
        MappedFile(path)


def test_one_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(CompileError, match="holds no tensors"):
        MappedFile(path)


def test_what_could_not_be_read_back_is_not_left(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> Tensor:
        raise AttributeError("no such layout")

    monkeypatch.setattr(mapped_file, "from_bytes", unknown)
    with pytest.raises(CompileError):
        write_mapped(path, {}, TENSORS)
    assert not list(path.parent.iterdir())
