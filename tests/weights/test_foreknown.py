"""What is said of a model without its weights is what they are when they are loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_models import small_weights, write_small_model

from rtsep.config import STEMS_4, STEMS_6
from rtsep.weights import load_checkpoint
from rtsep.weights.cache import Cache
from rtsep.weights.foreknown import foreknown


@pytest.mark.parametrize(
    ("name", "stems"),
    [("htdemucs", STEMS_4), ("htdemucs_ft", STEMS_4), ("htdemucs_edge", STEMS_4),
     ("htdemucs_6s", STEMS_6)],
)  # fmt: skip
def test_an_official_model_that_is_not_here(tmp_path: Path, name: str, stems: object) -> None:
    found = foreknown(name, cache=tmp_path)
    assert found and found.outputs == stems and found.audio_channels == 2


@pytest.mark.parametrize(
    "told",
    [{}, {"complete": False}, {"stems": ("a", "b", "c", "d")},
     {"stems": ("a", "b", "c", "d"), "complete": True}],
)  # fmt: skip
def test_a_file_is_what_it_will_be(tmp_path: Path, told: dict[str, object]) -> None:
    path = write_small_model(tmp_path / "m.safetensors")
    found = foreknown(path, **told)  # type: ignore[arg-type]
    loaded = load_checkpoint(path, **told)  # type: ignore[arg-type]
    assert found == loaded.networks[0].config and found.outputs == loaded.stems


def test_a_file_of_weights_and_nothing_else(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "bare.safetensors"
    save_file(small_weights().state, path)
    found = foreknown(path)
    assert found and found.outputs == load_checkpoint(path).stems


def test_a_model_of_one_s_own(tmp_path: Path) -> None:
    cache, network = Cache(tmp_path), small_weights(stems=("kick", "snare"))
    cache.store_network(network)
    cache.store_model("drumkit", [network.signature], [[1.0, 1.0]])
    found = foreknown("drumkit", cache=tmp_path)
    assert found and found.outputs == load_checkpoint("drumkit", cache=tmp_path).stems


def test_what_only_loading_can_tell(tmp_path: Path) -> None:
    small = write_small_model(tmp_path / "m.safetensors")
    (tmp_path / "odd.th").write_bytes(b"PK\x03\x04 and more")
    os.mkfifo(tmp_path / "pipe.safetensors")
    for odd in ("odd.th", "none.safetensors", "pipe.safetensors", "."):
        assert foreknown(tmp_path / odd) is None
    assert foreknown("none", cache=tmp_path) is None
    assert foreknown(Path("~nobody-of-that-name/m.safetensors")) is None
    assert foreknown(small, stems=("one",)) is None
