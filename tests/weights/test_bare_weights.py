"""Weights as trainers save them: alone, wrapped, prefixed, with a yaml beside them. All are read as
the network they are, or refused with one sentence."""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from weights_support import SMALL, Recorder, demucs_arguments, random_network, same_state

from rtsep.config import STEMS_4, STEMS_6
from rtsep.errors import ConfigError, ModelError
from rtsep.weights import load_checkpoint
from rtsep.weights.architecture import HTDEMUCS
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.files import read_network
from rtsep.weights.importing import import_file
from rtsep.weights.safetensors_file import read_config, write_safetensors

# Eight heads, which no shape tells, and segments of the usual length.
USUAL = replace(SMALL, t_heads=8)
TWO = replace(USUAL, stems=("vocals", "other"))


@pytest.fixture(scope="module")
def two() -> NetworkWeights:
    return random_network(1, TWO)


def prefixed(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def changed(state: dict[str, Any]) -> dict[str, Any]:
    """Weights that nobody wants."""
    return {name: tensor + 1 for name, tensor in state.items()}


State = dict[str, Any]
SAVED: dict[str, Callable[[State], Any]] = {
    "alone": OrderedDict,
    "state": lambda state: {"state": state, "epoch": 3},
    "state_dict": lambda state: {
        "state_dict": prefixed(state, "model."),
        "pytorch-lightning_version": "2.4.0",
        "hyper_parameters": {"lr": 1e-4, "folder": Path("songs")},
        "loops": {"fit_loop": {"state_dict": {}}},
    },
    "model_state_dict": lambda state: {
        "epoch": 7,
        "model_state_dict": state,
        "optimizer_state_dict": {"state": {0: {"step": torch.ones(())}}, "param_groups": []},
    },
    "best_state": lambda state: {"state": changed(state), "best_state": state, "history": []},
    "module.": lambda state: prefixed(state, "module."),
    "twice": lambda state: prefixed(state, "_orig_mod.module."),
    "ema beside": lambda state: prefixed(changed(state), "model.") | prefixed(state, "ema.module."),
    "averaged": lambda state: {"n_averaged": torch.tensor(9)} | prefixed(state, "module."),
    "deep": lambda state: {"trainer": {"ema": {"state": state}}, "model": changed(state)},
    "half": lambda state: {name: tensor.half() for name, tensor in state.items()},
}


@pytest.mark.parametrize("how", SAVED)
def test_weights_alone_are_read_by_their_shapes(
    how: str, two: NetworkWeights, tmp_path: Path
) -> None:
    path = tmp_path / "weights.ckpt"
    torch.save(SAVED[how](dict(two.state)), path)
    network = read_network(path)
    assert same_state(network, two)
    assert network.config == replace(TWO, stems=("stem1", "stem2"))
    said, asked = network.all_notes()
    assert "8 attention heads, segments of 7.8 s and 44100 Hz" in said
    assert "called stem1, stem2; name them, in order, with --stems" in asked


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_safetensors_without_metadata(prefix: str, two: NetworkWeights, tmp_path: Path) -> None:
    save_file(prefixed(two.state, prefix), tmp_path / "weights.safetensors")
    assert same_state(read_network(tmp_path / "weights.safetensors"), two)


def test_a_prefix_in_a_checkpoint_of_demucs(two: NetworkWeights, tmp_path: Path) -> None:
    from demucs.htdemucs import HTDemucs

    package = {"klass": HTDemucs, "args": (), "kwargs": demucs_arguments(TWO)}
    torch.save(package | {"state": prefixed(two.state, "module.")}, tmp_path / "parallel.th")
    network = read_network(tmp_path / "parallel.th")
    assert same_state(network, two) and network.config == TWO and not network.all_notes()


@pytest.mark.parametrize(
    "changes",
    [
        {"stems": ("a",)},
        {"stems": STEMS_4},
        {"stems": STEMS_6, "bottom_channels": 0, "channels": 16},
        {"cac": False},
        {"audio_channels": 1},
        {"depth": 3, "nfft": 2048, "channels": 16},
        {"growth": 3, "depth": 2},
        {"t_layers": 1},
        {"nfft": 8192, "depth": 5},
    ],
    ids=str,
)
def test_every_argument_that_shapes_tell(changes: dict[str, Any], tmp_path: Path) -> None:
    config = replace(USUAL, **changes)
    network = random_network(2, config)
    torch.save(network.state, tmp_path / "weights.pt")
    found = read_network(tmp_path / "weights.pt")
    names = config.stems if len(config.stems) in (4, 6) else tuple(found.config.stems)
    assert found.config == replace(config, stems=names)
    assert len(found.config.stems) == len(config.stems)


def described(**changes: Any) -> str:
    """As the trainer of Music-Source-Separation-Training writes it."""
    arguments = demucs_arguments(TWO)
    own = ("sources", "audio_channels", "samplerate", "segment")
    content = {
        "audio": {"chunk_size": 485100},
        "training": {
            "instruments": ["vocals", "other"],
            "target_instrument": None,
            "channels": 2,
            "samplerate": 44100,
            "segment": 11,
        },
        "model": "htdemucs",
        "htdemucs": {name: value for name, value in arguments.items() if name not in own}
        | {"num_subbands": 1, "t_heads": 4, "dconv_init": "1e-3"},
    }
    for name, value in changes.items():
        part = "training" if name in content["training"] else "htdemucs"
        content[part][name] = value
    tagged = "augmentations:\n  mixup_probs: !!python/tuple\n  - 0.2\n  - 0.02\n"
    return str(yaml.safe_dump(content)) + tagged


@pytest.mark.parametrize("name", ["weights.yaml", "weights.ckpt.yml", "config_vocals.yaml"])
def test_a_yaml_beside_it_says_the_rest(name: str, two: NetworkWeights, tmp_path: Path) -> None:
    torch.save(two.state, tmp_path / "weights.ckpt")
    (tmp_path / name).write_text(described())
    network = read_network(tmp_path / "weights.ckpt")
    assert network.config == replace(TWO, t_heads=4, segment=Fraction(11))
    assert network.all_notes() == (f"weights.ckpt is what {name} beside it says",)


@pytest.mark.parametrize(
    "beside",
    [
        {"other.yaml": described(instruments=["a", "b", "c"])},
        {"other.yaml": described(channels=48)},
        {"a.yaml": described(), "b.yaml": described(instruments=["x", "y"])},
        {"other.yaml": described(num_subbands=4)},
        {"bag.yaml": "models: [abc]\n", "broken.yaml": "a: [", "list.yaml": "- 1\n"},
        {"huge.yaml": "#" * (1 << 17)},
        {"evil.yaml": described() + "x: !!python/object/apply:os.system ['exit 3']\n"},
    ],
    ids=["other stems", "other widths", "two that fit", "subbands", "others", "huge", "evil"],
)
def test_a_yaml_that_is_not_certainly_of_this_network_says_nothing(
    beside: dict[str, str], two: NetworkWeights, tmp_path: Path
) -> None:
    torch.save(two.state, tmp_path / "weights.ckpt")
    for name, text in beside.items():
        (tmp_path / name).write_text(text)
    assert read_network(tmp_path / "weights.ckpt").config.stems == ("stem1", "stem2")


def test_names_are_said(two: NetworkWeights, tmp_path: Path) -> None:
    path, observer = tmp_path / "weights.ckpt", Recorder()
    torch.save(two.state, path)
    loaded = load_checkpoint(path, stems=["kick", "snare"], observer=observer)
    assert loaded.stems == ("kick", "snare", "rest")
    assert load_checkpoint(path, stems=["a", "b"], complete=True).stems == ("a", "b")
    assert len(observer.notices) == 1  # nothing more to name
    name = import_file(path, "mine", Cache(tmp_path / "kept"), observer, stems=["kick", "snare"])
    kept = Cache(tmp_path / "kept").model(name, observer)
    assert kept is not None and kept.stems == ("kick", "snare", "rest")


@pytest.mark.parametrize(
    ("stems", "complete", "error", "complaint"),
    [
        (["a"], None, ModelError, "has 2 stems, stem1, stem2, and 1 names were given: a"),
        (["a", "a"], None, ModelError, "distinct"),
        (["a", "b\n"], None, ModelError, "does not list its stems"),
        (["a", "rest"], False, ModelError, "a stem 'rest' of the network's own"),
        ("ab", None, ConfigError, "a list of names, got the text 'ab'"),
    ],
)
def test_names_that_cannot_be(
    stems: Any, complete: bool | None, error: type[Exception], complaint: str,
    two: NetworkWeights, tmp_path: Path,
) -> None:  # fmt: skip
    torch.save(two.state, tmp_path / "weights.ckpt")
    with pytest.raises(error, match=complaint):
        read_network(tmp_path / "weights.ckpt", stems=stems, complete=complete)


def old_format(state: State) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def without(state: State, part: str) -> State:
    return {name: tensor for name, tensor in state.items() if part not in name}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (old_format, "format of PyTorch before 1.6"),
        (lambda state: saved(torch.nn.Linear(2, 2)), r"network as an object.*state_dict\(\)"),
        (lambda state: saved({"a": torch.zeros(2)}), "neither a checkpoint of demucs nor"),
        (lambda state: saved(without(state, "crosstransformer")), "no crosstransformer.norm_in"),
        (lambda state: saved(without(state, "tdecoder.3")), "no tdecoder.3.conv_tr.weight"),
        (lambda state: saved(without(state, "norm3")), "missing"),
        (lambda state: saved(state | {"more": torch.zeros(2)}), "1 unexpected"),
        (lambda state: saved(state | {"more": [1]}), "something other than plain tensors"),
        (
            lambda state: saved(
                state | {"encoder.0.conv.weight": torch.zeros(1).expand(1 << 40, 4, 8, 1)}
            ),
            "larger than the file",
        ),
    ],
)
def test_one_sentence_for_all_else(
    content: Callable[[State], bytes], complaint: str, two: NetworkWeights, tmp_path: Path
) -> None:
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content(dict(two.state)))
    with pytest.raises(ModelError, match=complaint) as info:
        read_network(path)
    assert len(str(info.value).splitlines()) == 1


def test_what_is_there_without_end_is_looked_at_once(tmp_path: Path) -> None:
    inner: dict[str, Any] = {str(n): {} for n in range(2000)}
    torch.save({str(n): inner for n in range(2000)}, tmp_path / "many.ckpt")
    with pytest.raises(ModelError, match="neither a checkpoint of demucs nor"):
        read_network(tmp_path / "many.ckpt")


def test_whether_it_is_complete_is_kept_in_the_file(two: NetworkWeights, tmp_path: Path) -> None:
    path = tmp_path / "kept.safetensors"
    for complete in (True, False, None):
        config = replace(two.config, complete=complete)
        write_safetensors(path, replace(two, config=config))
        assert read_network(path).config == read_config(path) == config
    kwargs = json.dumps(demucs_arguments(TWO) | {"segment": 7.8})
    metadata = {"klass": HTDEMUCS, "kwargs": kwargs, "complete": "maybe"}
    save_file(two.state, path, metadata=metadata)
    with pytest.raises(ModelError, match="complete in its metadata is true or false, got maybe"):
        read_network(path)
