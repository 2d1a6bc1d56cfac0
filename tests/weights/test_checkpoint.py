"""Bags, and loading by name or by path."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from weights_support import SMALL, Recorder, random_network, same_state

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights import Checkpoint, load_checkpoint
from rtsep.weights.bags import read_bag, write_bag
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import NetworkWeights, bag
from rtsep.weights.safetensors_file import write_safetensors

SIX = NetworkConfig(stems=STEMS_6, channels=8, bottom_channels=32, t_heads=4, t_layers=1)


def test_a_bag_without_weights_counts_all_the_same(small: NetworkWeights) -> None:
    both = bag("two", [small, random_network(1)])
    assert both.stem_weights == ((1.0,) * 4,) * 2
    assert both.stems == SMALL.stems and both.sample_rate == SMALL.sample_rate


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ([[1.0] * 4], "needs 2 x 4 weights"),
        ([[1.0] * 3] * 2, "needs 2 x 4 weights"),
        ([[1.0, 1.0, 1.0, 0.0]] * 2, "no network with a positive weight"),
    ],
)
def test_weights_must_fit(
    small: NetworkWeights, weights: list[list[float]], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        bag("two", [small, small], weights)


def test_a_bag_cannot_mix_stems(small: NetworkWeights) -> None:
    with pytest.raises(ModelError, match="other stems"):
        bag("two", [small, random_network(config=SIX)])
    with pytest.raises(ModelError, match="holds no network"):
        Checkpoint(name="none", networks=(), stem_weights=())


def test_a_written_bag_reads_back(tmp_path: Path) -> None:
    write_bag(tmp_path / "two.yaml", ["a", "b"], [[1.0, 0.0], [0.0, 0.5]])
    described = read_bag(tmp_path / "two.yaml")
    assert described.signatures == ("a", "b")
    assert described.stem_weights == ((1.0, 0.0), (0.0, 0.5))


@pytest.mark.parametrize(
    "text",
    [
        "models: []",
        "models: [1]",
        "models: ['a/b']",
        "models: [a]\nweights: 3",
        "models: [a]\nweights: [3]",
        "models: [a]\nweights: [[x]]",
        "models: [a]\nweights: [[true]]",
        "models: [a]\nweights: [[-1]]",
        "models: [a]\nweights: [[.nan]]",
        "models: !!python/object/apply:os.system ['exit']",
        "models: [" + "a," * 17 + "]",
        "#" * (1 << 17),
    ],
    ids=range(12),
)
def test_an_odd_bag_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ModelError, match=r"odd\.yaml"):
        read_bag(tmp_path / "odd.yaml")


def test_a_path_is_loaded_where_it_lies(small: NetworkWeights, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_safetensors(path, small)
    for given in (path, str(path)):
        loaded = load_checkpoint(given, cache=tmp_path / "cache")
        assert loaded.name == "mine" and same_state(loaded.networks[0], small)
    assert not (tmp_path / "cache").exists()


def test_a_file_beside_us_is_a_path_unless_a_name(
    small: NetworkWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_safetensors(tmp_path / "checkpoint.pt", small)
    assert load_checkpoint("checkpoint.pt").name == "checkpoint"


def test_a_stored_model_is_loaded_by_name(
    small: NetworkWeights, tmp_path: Path, observer: Recorder
) -> None:
    cache = Cache(tmp_path)
    cache.store_network(small)
    cache.store_model("mine", [small.signature], [[0.5] * 4])
    assert load_checkpoint("mine", cache=tmp_path).stem_weights == ((0.5,) * 4,)
    cache.network_path(small.signature).write_bytes(b"")
    with pytest.raises(ModelError, match="'mine' is damaged; import its file again"):
        load_checkpoint("mine", cache=tmp_path, observer=observer)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("htdemux", "no model called 'htdemux'; did you mean 'htdemucs'"),
        ("", "no model called ''"),
        ("nowhere.th", "cannot read nowhere.th: No such file"),
        ("./nowhere", "cannot read nowhere: No such file"),
        (Path("nowhere"), "cannot read nowhere: No such file"),
        (Path("."), "is a folder; name the .safetensors"),
    ],
)
def test_what_does_not_exist_is_named(given: str | Path, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as info:
        load_checkpoint(given, cache=tmp_path)
    assert complaint in str(info.value)


def test_notices_reach_the_log_of_python_users(
    small: NetworkWeights, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    cache.store_network(small)
    cache.store_model("mine", [small.signature], [[1.0] * 4])
    cache.network_path(small.signature).write_bytes(b"x")
    with caplog.at_level(logging.WARNING, "rtsep"), pytest.raises(ModelError):
        load_checkpoint("mine", cache=tmp_path)
    assert "damaged" in caplog.text


def test_importing_costs_nothing() -> None:
    """Nothing heavy before a model is asked for; nothing at all of it for the list."""
    code = (
        "import sys, rtsep.weights, rtsep.weights.importing;"
        "import rtsep.cli.models, rtsep.cli.common.progress;"
        "from pathlib import Path; from rtsep.weights.listing import summaries;"
        "from rtsep.weights.cache import Cache; summaries(Cache(Path(sys.argv[1])));"
        "heavy = {'torch', 'numpy', 'onnx', 'huggingface_hub', 'safetensors', 'rich', 'yaml'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "nowhere"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
