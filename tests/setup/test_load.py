"""A model by name is read and converted once; later it is mapped, unless something has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_models import small_weights, write_small_model

import rtsep
from rtsep.engine.precision import BF16, FP32, in_8_bits
from rtsep.engine.separator import Separator
from rtsep.errors import ModelError
from rtsep.setup import load as loading
from rtsep.setup import precision_here as precisions
from rtsep.setup.precision_here import precision_here
from rtsep.weights import Checkpoint
from rtsep.weights.cache import Cache

CPU = torch.device("cpu")


def store(cache: Path, name: str, signature: str, seed: int = 0) -> None:
    kept = Cache(cache)
    kept.store_network(replace(small_weights(seed), signature=signature))
    kept.store_model(name, [signature], [[1.0] * 4])


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    store(tmp_path / "cache", "mine", "first")
    return tmp_path / "cache"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read from a checkpoint so far."""
    found: list[str] = []
    read = loading.load_checkpoint

    def noted(name: str | Path, **more: object) -> Checkpoint:
        found.append(str(name))
        return read(name, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "load_checkpoint", noted)
    return found


def stems(separator: Separator) -> np.ndarray:
    """To the bit, whatever other programs need meanwhile."""
    mix = torch.from_numpy(np.random.default_rng(3).uniform(-0.3, 0.3, (2, 60_000))).float()
    pieces = separator.separate_blocks([mix], alike=True)
    found: np.ndarray = torch.cat([piece for piece, _ in pieces], -1).numpy()
    return found


def load(cache: Path, name: str | Path = "mine", **more: object) -> Separator:
    return rtsep.load(name, "cpu", cache=cache, **more)  # type: ignore[arg-type]


def test_a_checkpoint_is_read_once(cache: Path, readings: list[str]) -> None:
    first, second = load(cache), load(cache)
    assert readings == ["mine"]
    assert (first.name, first.stems) == (second.name, second.stems) == ("mine", second.stems)
    assert np.array_equal(stems(first), stems(second))
    fresh = loading.assembled(loading.load_checkpoint("mine", cache=cache), CPU, FP32)
    assert np.array_equal(stems(first), stems(fresh))


def test_other_weights_in_its_place_are_other_stems(cache: Path, readings: list[str]) -> None:
    first = load(cache)
    store(cache, "mine", "first", seed=1)
    other = load(cache)
    assert readings == ["mine", "mine"]
    assert not np.allclose(stems(first), stems(other), atol=1e-3)


def test_one_that_is_damaged_later_is_still_noticed(cache: Path) -> None:
    load(cache)
    path = Cache(cache).network_path("first")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="damaged"):
        load(cache)


def test_what_is_said_of_it_makes_another_model(cache: Path, readings: list[str]) -> None:
    load(cache)
    named = load(cache, stems=("a", "b", "c", "d"))
    assert load(cache, stems=("a", "b", "c", "d")).stems == named.stems == (*"abcd", "rest")
    assert load(cache, stems=("a", "b", "c", "d"), complete=True).stems == tuple("abcd")
    assert load(cache, precision="int8").precision.int8
    assert load(cache).stems == ("drums", "bass", "other", "vocals")
    assert len(readings) == 4
    with pytest.raises(ModelError, match="has 4 stems"):
        load(cache, stems=("a", "b"))


def test_a_kept_file_that_is_broken_is_made_anew(cache: Path, readings: list[str]) -> None:
    expected = stems(load(cache))
    (file,) = (cache / "converted").iterdir()
    for content in (b"", file.read_bytes()[:-50]):
        file.write_bytes(content)
        assert np.array_equal(stems(load(cache)), expected)
    file.unlink()
    load(cache)
    load(cache)
    assert readings == 4 * ["mine"]


def test_a_cache_that_takes_nothing_keeps_nothing(cache: Path, readings: list[str]) -> None:
    (cache / "converted").write_text("in the way")
    assert np.array_equal(stems(load(cache)), stems(load(cache)))
    assert readings == ["mine", "mine"]


def test_a_file_is_read_each_time(cache: Path, tmp_path: Path, readings: list[str]) -> None:
    path = write_small_model(tmp_path / "small.safetensors")
    load(cache, path)
    load(cache, path)
    assert readings == [str(path), str(path)] and not (cache / "converted").exists()


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """How often it was tried out which precision is faster: bf16 here."""
    found: list[torch.device] = []

    def tried(device: torch.device) -> object:
        found.append(device)
        return BF16

    monkeypatch.setattr(precisions, "fastest_precision", tried)
    return found


def test_which_precision_is_faster_is_tried_once(
    tmp_path: Path, trials: list[torch.device], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert precision_here("fp32", CPU, tmp_path) is FP32 and not trials
    assert precision_here("auto", CPU, tmp_path) is precision_here("auto", CPU, tmp_path) is BF16
    int8 = precision_here("int8", CPU, tmp_path)
    assert int8.int8 and int8.dtype == torch.bfloat16
    assert len(trials) == 1
    monkeypatch.setattr("rtsep.machine.processor", lambda: "another one")
    precision_here("auto", CPU, tmp_path)
    assert len(trials) == 2


def test_8_bits_are_remembered_with_what_is_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = in_8_bits(BF16)
    monkeypatch.setattr(precisions, "fastest_precision", lambda device: found)
    assert precision_here("auto", CPU, tmp_path) == found
    monkeypatch.setattr(precisions, "fastest_precision", lambda device: FP32)
    assert precision_here("auto", CPU, tmp_path) == found


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b'"fp64"', b"\xff"])
def test_a_broken_note_of_it_is_tried_again(
    content: bytes, tmp_path: Path, trials: list[torch.device]
) -> None:
    precision_here("auto", CPU, tmp_path)
    (note,) = tmp_path.iterdir()
    note.write_bytes(content)
    assert precision_here("auto", CPU, tmp_path) is BF16 and len(trials) == 2
    precision_here("auto", CPU, tmp_path)
    assert len(trials) == 2


def test_without_a_place_for_the_note_it_is_tried_each_time(
    tmp_path: Path, trials: list[torch.device]
) -> None:
    (tmp_path / "cache").write_text("no folder")
    for _ in range(2):
        assert precision_here("auto", CPU, tmp_path / "cache") is BF16
    assert len(trials) == 2
