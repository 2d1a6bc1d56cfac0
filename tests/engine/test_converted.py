"""A model that was kept is the model, to the bit, and nothing else is taken for it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from music import mixture
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine import converted as converting
from rtsep.engine.converted import ConvertedModel, ConvertedModels
from rtsep.engine.hops import HopStream
from rtsep.engine.precision import BF16, FP32, Precision
from rtsep.machine import processor_features
from rtsep.model.bag import Bag
from rtsep.setup.load import assembled
from rtsep.weights import Checkpoint, load_checkpoint

CPU = torch.device("cpu")
FRAME = 1024
SPEC = StreamSpec(
    window=20 * FRAME, hop=2 * FRAME, lookahead=2 * FRAME, crossfade=512, frame=FRAME,
    sample_rate=44100, mode="incremental", refresh=7 * FRAME,
)  # fmt: skip
INT8 = replace(FP32, name="int8", int8=True)
SOURCE = {"networks": ["a"]}
BITS = [FP32, BF16, INT8]
has_bf16 = not processor_features() or bool(
    processor_features() & {"avx512bw", "avx512_bf16", "amx_bf16"}
)
needs_bf16 = pytest.mark.skipif(not has_bf16, reason="the processor has no bf16")
PRECISIONS = [
    pytest.param(each, marks=needs_bf16 if each is BF16 else (), id=each.name) for each in BITS
]


def ready(bag: Bag, precision: Precision) -> Bag:
    bag.set_precision(precision.dtype, int8=precision.int8)
    return bag


def steps(bag: Bag, precision: Precision) -> torch.Tensor:
    """Stems of some steps, from an empty window to a full one."""
    hops = HopStream(bag, SPEC, batch=1, device=CPU, precision=precision, executor="eager")
    blocks = torch.from_numpy(mixture(2.0))[None, :, : 13 * SPEC.hop].split(SPEC.hop, -1)
    return torch.cat([hops.step(block).clone() for block in blocks], -1)


def kept_in(folder: Path, bag: Bag, precision: Precision = FP32) -> ConvertedModel:
    found = ConvertedModels(folder, precision).keep("some", SOURCE, bag)
    assert found
    return found


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_kept_model_is_the_model(precision: Precision, tmp_path: Path) -> None:
    bag = ready(small_bag(), precision)
    kept_in(tmp_path, bag, precision)
    found = ConvertedModels(tmp_path, precision).find("some", SOURCE)
    assert found and torch.equal(steps(found.bag, precision), steps(bag, precision))
    assert found.bag.stems == bag.stems and found.bag.config == bag.config
    only = found.bag.only(["bass"])
    assert torch.equal(steps(only, precision), steps(bag.only(["bass"]), precision))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_official_network_is_itself(
    precision: Precision, official: Checkpoint, tmp_path: Path, one_thread: None
) -> None:
    assert_itself(official, precision, tmp_path)


def test_the_network_of_the_edge_is_itself(
    weights_cache: Path, official: Checkpoint, tmp_path: Path, one_thread: None
) -> None:
    assert_itself(load_checkpoint("htdemucs_edge", cache=weights_cache), FP32, tmp_path)


def assert_itself(checkpoint: Checkpoint, precision: Precision, folder: Path) -> None:
    bag = assembled(checkpoint, CPU, precision)._bag
    kept = kept_in(folder, bag, precision)
    expected = steps(bag, precision)
    assert torch.equal(steps(kept.bag, precision), expected)
    kept.file.drop_pages()
    assert torch.equal(steps(kept.bag, precision), expected)


def test_a_kept_model_belongs_to_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ConvertedModels(tmp_path, FP32)
    kept_in(tmp_path, ready(small_bag(), FP32))
    assert models.find("some", SOURCE)
    assert not models.find("other", SOURCE) and not models.find("some", {"networks": ["b"]})
    assert not models.find("some", None)
    assert not ConvertedModels(tmp_path, INT8).find("some", SOURCE)
    for place, value in (
        ("torch.get_num_threads", lambda: 77),
        ("torch.__version__", "2.0"),
        ("rtsep.machine.processor", lambda: "another one"),
        ("rtsep.engine.converted.hash_of_code", lambda *_: "another version"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, value)
            assert not models.find("some", SOURCE)
    assert models.find("some", SOURCE)


def test_what_has_no_source_is_not_kept(tmp_path: Path) -> None:
    bag = ready(small_bag(), FP32)
    assert ConvertedModels(tmp_path / "new", FP32).keep("some", None, bag) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"something else", None])
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes | None) -> None:
    bag = ready(small_bag(), FP32)
    kept_in(tmp_path, bag)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    assert ConvertedModels(tmp_path, FP32).find("some", SOURCE) is None
    kept_in(tmp_path, bag)  # in its place
    assert ConvertedModels(tmp_path, FP32).find("some", SOURCE)


def test_a_file_of_another_make_is_none(tmp_path: Path) -> None:
    """Its tensors are whole, and are not those of such a network."""
    kept_in(tmp_path, ready(small_bag(), FP32))
    (file,) = tmp_path.iterdir()
    kept_in(tmp_path / "int8", ready(small_bag(), INT8), INT8)
    (other,) = (tmp_path / "int8").iterdir()
    file.write_bytes(other.read_bytes())
    assert ConvertedModels(tmp_path, FP32).find("some", SOURCE) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system knows no owners")
def test_only_our_own_files_are_taken(tmp_path: Path) -> None:
    bag, folder = ready(small_bag(), FP32), tmp_path / "converted"
    kept_in(folder, bag)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    models = ConvertedModels(folder, FP32)
    assert models.find("some", SOURCE) is None and models.keep("some", SOURCE, bag) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "converted").write_text("no folder")
    models = ConvertedModels(tmp_path / "converted", FP32)
    assert models.keep("some", SOURCE, ready(small_bag(), FP32)) is None
    assert models.find("some", SOURCE) is None


def test_files_that_are_not_used_any_more_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "MOST_KEPT", 2)
    bag, models = (
        ready(small_bag(depth=1, t_layers=1, channels=8), FP32),
        ConvertedModels(tmp_path, FP32),
    )
    for number, age in ((1, 200), (2, 100)):
        models.keep(f"model{number}", SOURCE, bag)
        (file,) = tmp_path.glob(f"model{number}-*")
        os.utime(file, (time.time() - age, time.time() - age))
    assert models.find("model1", SOURCE)  # used once more
    models.keep("model3", SOURCE, bag)
    assert [models.find(f"model{n}", SOURCE) is not None for n in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize("pattern", converting._CODE)
def test_the_code_that_a_file_belongs_to_is_there(pattern: str) -> None:
    """What moves away unnoticed could change, and old files would still be taken."""
    assert list(Path(converting.__file__).parents[1].glob(pattern))
