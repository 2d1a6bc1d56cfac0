"""The Python interface as the README shows it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import band, write_band, write_small_model

import rtsep
from rtsep.errors import ConfigError, ModelError, UsageError

Kind = Callable[[np.ndarray], Any]
KINDS = pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> rtsep.Separator:
    return rtsep.load(write_small_model(tmp_path_factory.mktemp("model") / "own.safetensors"))


def test_all_names_exist_and_no_other_is_public() -> None:
    assert sorted(rtsep.__all__) == rtsep.__all__
    for name in rtsep.__all__:
        assert getattr(rtsep, name) is not None
    modules = {path.stem for path in Path(rtsep.__file__).parent.iterdir()}
    known = {*rtsep.__all__, *modules, "annotations", "import_module", "TYPE_CHECKING", "Any"}
    assert {name for name in vars(rtsep) if not name.startswith("_")} <= known


@pytest.mark.parametrize("name", rtsep.__all__)
def test_no_module_takes_the_place_of_a_public_name(name: str) -> None:
    """Importing `rtsep.x` sets the attribute `x` of the package, whatever it was before."""
    assert find_spec(f"rtsep.{name}") is None


@pytest.mark.parametrize(("name", "module"), rtsep._LAZY.items())
def test_lazy_names_are_those_of_their_modules(name: str, module: str) -> None:
    assert name in rtsep.__all__
    assert getattr(rtsep, name) is getattr(importlib.import_module(module), name)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="module 'rtsep' has no attribute 'seperate'"):
        rtsep.seperate  # type: ignore[attr-defined]  # noqa: B018


# The same to the bit only on as many threads, and those follow what other programs leave.
@KINDS
@pytest.mark.usefixtures("one_thread")
def test_the_eight_lines(model: rtsep.Separator, kind: Kind) -> None:
    mix = kind(band(1.5))
    stems = model.separate(mix)
    stream = model.stream(window=0.5, hop=0.023, lookahead=0.046, mode="exact")
    out = stream.process(mix[:, :10_000])
    tail = stream.flush()
    assert type(stems) is type(out) is type(tail) is type(mix)
    assert stems.shape == (4, 2, mix.shape[1])
    assert (out.shape, tail.shape) == ((4, 2, 10_000), (4, 2, stream.latency_samples))
    assert (model.stems, model.sample_rate) == (("drums", "bass", "other", "vocals"), 44_100)
    assert stream.latency_samples == 3 * 1024
    assert (stream.spec.window, stream.spec.hop, stream.spec.lookahead) == (22_528, 1024, 2048)
    stream.reset()
    assert np.array_equal(stream.process(mix[:, :10_000]), out)


@pytest.mark.usefixtures("one_thread")
def test_numpy_and_torch_give_the_same(model: rtsep.Separator) -> None:
    mix = band(0.5)
    assert np.array_equal(model.separate(torch.from_numpy(mix)).numpy(), model.separate(mix))


def test_stems_of_a_stream_sum_to_the_delayed_input(model: rtsep.Separator) -> None:
    mix, stream = band(0.5), model.stream(window=0.2, hop=0.05, lookahead=0.05)
    out = np.concatenate((stream.process(mix), stream.flush()), -1)[..., stream.latency_samples :]
    assert 20 * np.log10(np.abs(out.sum(0) - mix).max()) < -120


@pytest.mark.parametrize("stems", [["vocals"], ["vocals", "drums"], ("other", "bass", "drums")])
def test_some_stems_in_the_order_asked_for(model: rtsep.Separator, stems: list[str]) -> None:
    mix, rows = band(0.5), [model.stems.index(stem) for stem in stems]
    some, every = model.separate(mix, stems=stems), model.separate(mix)
    np.testing.assert_allclose(some, every[rows], rtol=0, atol=1e-6)
    assert model.stream(window=0.2, stems=stems).stems == tuple(stems)


@pytest.mark.parametrize("stems", [["piano"], ["drums", "piano"], [], "drums"])
@pytest.mark.parametrize("method", ["separate", "stream"])
def test_stems_that_are_none(model: rtsep.Separator, method: str, stems: Any) -> None:
    arguments = [band(0.1)] if method == "separate" else []
    with pytest.raises(ConfigError, match="stems must be"):
        getattr(model, method)(*arguments, stems=stems)


def test_an_unknown_stem_is_answered_with_the_names_there_are(model: rtsep.Separator) -> None:
    with pytest.raises(ConfigError, match=r"drums, bass, other, vocals, got \['piano'\]"):
        model.separate(band(0.1), stems=["piano"])


@KINDS
def test_nothing_separates_into_nothing(model: rtsep.Separator, kind: Kind) -> None:
    assert tuple(model.separate(kind(band(0))).shape) == (4, 2, 0)
    assert tuple(model.separate(kind(band(0)), stems=["bass"]).shape) == (1, 2, 0)


@pytest.mark.parametrize("mix", [np.zeros(9), np.zeros((3, 9)), np.zeros((2, 9), np.int16)])
def test_other_shapes_and_integers_are_refused(model: rtsep.Separator, mix: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=r"floating point of shape \(2, n\)"):
        model.separate(mix)


@pytest.mark.parametrize("path", ["song.flac", Path("song.flac")])
def test_a_path_is_no_audio_and_says_how_to_read_it(model: rtsep.Separator, path: Any) -> None:
    for method in (model.separate, model.stream(window=0.2).process):
        with pytest.raises(ConfigError, match=r"got a path; .*rtsep.read_audio\('song.flac'\)"):
            method(path)


def test_what_read_audio_reads_can_be_separated(model: rtsep.Separator, tmp_path: Path) -> None:
    mix = rtsep.read_audio(write_band(tmp_path / "song.wav", 0.3, 22_050, 1), model.sample_rate)
    assert (mix.shape, mix.dtype) == ((2, 13_230), np.float32)
    assert model.separate(mix).shape == (4, 2, 13_230)


def test_audio_lying_the_other_way_round_says_so(model: rtsep.Separator) -> None:
    with pytest.raises(ConfigError, match=r"of shape \(13230, 2\); transpose it"):
        model.separate(band(0.3).T)


@KINDS
def test_broken_samples_are_silence_and_told(model: rtsep.Separator, kind: Kind) -> None:
    broken, silent = band(0.3), band(0.3)
    for audio, bad in ((broken, np.nan), (silent, 0.0)):
        audio[0, 100:110], audio[1, 7] = bad, np.inf if np.isnan(bad) else bad
    with pytest.warns(RuntimeWarning, match="11 NaN or infinite samples") as caught:
        stems = model.separate(kind(broken))
    assert caught[0].filename == __file__
    assert np.array_equal(np.asarray(stems), np.asarray(model.separate(kind(silent))))


def test_streams_cut_like_the_command_line_unless_told_otherwise(model: rtsep.Separator) -> None:
    spec = model.stream(window=0.5).spec
    assert (spec.hop, spec.lookahead, spec.mode) == (4 * 1024, 2 * 1024, "incremental")


def test_milliseconds_are_told_from_seconds(model: rtsep.Separator) -> None:
    with pytest.raises(ConfigError, match=r"in Python 93 ms are hop=0\.093"):
        model.stream(window=0.5, hop=93)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("tpu", "device must be one of auto, cpu, cuda, mps, got 'tpu'"),
        ("", "device must be one of"),
        pytest.param("cuda", "no cuda device here", marks=pytest.mark.skipif(
            torch.cuda.is_available(), reason="there is one")),
        pytest.param("mps", "no mps device here", marks=pytest.mark.skipif(
            torch.mps.is_available(), reason="there is one")),
    ],
)  # fmt: skip
def test_devices_that_are_not_there(device: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rtsep.load("htdemucs", device=device)  # and nothing is fetched for it


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("htdemucs_fx", "did you mean"),
        ("wavenet", "htdemucs"),
        ("missing.safetensors", "cannot read missing.safetensors: No such file"),
        (Path(), "is a folder"),
    ],
)
def test_models_that_are_not_there(tmp_path: Path, name: str | Path, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        rtsep.load(name, cache=tmp_path)
    assert isinstance(caught.value, UsageError) and "\n" not in str(caught.value)
