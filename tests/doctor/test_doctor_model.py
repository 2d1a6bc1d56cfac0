"""What `rtsep doctor` finds out about a model: from the cache, with what was tuned for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rtsep.doctor.engine import look_at_model
from rtsep.engine.tune import Setting, Trial
from rtsep.errors import ModelError
from rtsep.setup import tuned
from rtsep.setup.load import load
from rtsep.setup.runtime import share_cores
from rtsep.weights.cache import Cache
from rtsep.weights.importing import import_file
from rtsep.weights.observer import LoggingObserver


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def trial(hop: float, *, compiled: bool = False) -> Trial:
    """One that held its hop."""
    setting = Setting(mode="incremental", window=0.6, hop=hop, lookahead=0.046)
    return Trial(setting=setting, compiled=compiled, steps=9, p50_ms=1.0, p90_ms=1.0, answer_ms=1.0)


def remember(model: Path, cache: Path, trials: list[Trial]) -> dict[Path, bytes]:
    """As if `rtsep tune` had found that, in each precision that "auto" can be.
    Returns what is in the cache then."""
    share_cores()
    for precision in ("fp32", "bf16", "int8"):
        separator = load(model, "cpu", precision=precision, cache=cache)
        tuned.remember(separator, trials, cache)
    return contents(cache)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_tuned_is_known(small_model: Path, tmp_path: Path) -> None:
    assert look_at_model(str(small_model), "cpu", tmp_path).tuned is None
    left = remember(small_model, tmp_path, [trial(0.186), trial(0.279)])
    found = look_at_model(str(small_model), "cpu", tmp_path)
    assert found.loaded and found.device == "cpu" and found.notices == ()
    assert found.tuned is not None and found.tuned.runs and not found.tuned.compiled
    assert found.tuned.hop == 0.186 and found.tuned.lost == 0
    assert found.tuned.latency == pytest.approx(0.186 + 0.046 + 0.186)
    assert contents(tmp_path) == left


def test_compiled_steps_that_are_gone(small_model: Path, tmp_path: Path) -> None:
    gone = trial(0.093, compiled=True)
    remember(small_model, tmp_path, [trial(0.186), gone])
    found = look_at_model(str(small_model), "cpu", tmp_path).tuned
    assert found is not None and found.runs and found.hop == 0.186
    assert found.lost == pytest.approx(0.186)
    remember(small_model, tmp_path, [gone])
    found = look_at_model(str(small_model), "cpu", tmp_path).tuned
    assert found is not None and not found.runs


def test_damaged_weights_are_told_and_not_fetched(small_model: Path, tmp_path: Path) -> None:
    assert not look_at_model("htdemucs", "cpu", tmp_path / "none").loaded
    assert not (tmp_path / "none").exists()
    cache = Cache(tmp_path)
    import_file(small_model, "mine", cache, LoggingObserver())
    assert look_at_model("mine", "cpu", tmp_path).loaded
    (path,) = cache.model_paths("mine")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    left = contents(tmp_path)
    found = look_at_model("mine", "cpu", tmp_path)
    assert not found.loaded and "is damaged" in found.notices[0]
    assert contents(tmp_path) == left


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError):
        look_at_model(str(path), "cpu", tmp_path)
