"""Networks that do not find all of a mixture leave a rest, which is a stem like any other: in
streams, offline, in batches, and of any choice of stems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import RATE, band, small_weights

from rtsep.config import STEMS_4, STEMS_6, NetworkConfig
from rtsep.engine.compiled import CompiledSteps
from rtsep.engine.precision import FP32
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.setup.load import assembled
from rtsep.weights.checkpoint import bag

DRUMS = ("kick", "snare", "toms")


def separator(stems: tuple[str, ...], networks: int = 1, **changes: Any) -> Separator:
    weights = [small_weights(seed + 1, stems=stems, **changes) for seed in range(networks)]
    return assembled(bag("small", weights), torch.device("cpu"), FP32)


def streamed(model: Separator, mix: np.ndarray, **settings: Any) -> np.ndarray:
    stream = model.stream(**{"window": 0.6, "hop": 0.1, "lookahead": 0.05, **settings})
    out = [stream.process(block) for block in np.split(mix, [1000, 31_000], -1)]
    return np.concatenate([*out, stream.flush()], -1)[..., stream.latency_samples :]


@pytest.mark.parametrize(
    ("stems", "rest"),
    [
        (STEMS_4, False),
        (STEMS_4[::-1], False),
        (STEMS_6, False),
        (("vocals",), True),
        (("drums", "vocals"), True),
        (("vocals", "other"), True),
        (DRUMS, True),
        ((*STEMS_4, "guitar"), True),
        (("vocals", "rest"), False),  # it has one of its own
    ],
    ids=str,
)
def test_which_networks_have_a_rest(stems: tuple[str, ...], rest: bool) -> None:
    config = NetworkConfig(stems=stems)
    assert config.has_rest == rest and config.outputs == (*stems, *["rest"] * rest)
    assert NetworkConfig(stems=stems, complete=True).outputs == stems
    if "rest" not in stems:
        assert NetworkConfig(stems=stems, complete=False).outputs == (*stems, "rest")


@pytest.mark.parametrize("mode", ["exact", "incremental"])
@pytest.mark.parametrize("stems", [("vocals",), ("drums", "vocals"), DRUMS], ids=len)
def test_a_stream_keeps_the_stems_as_they_are(stems: tuple[str, ...], mode: str) -> None:
    """The same network, once said to be complete: its stems then differ by shares of the rest."""
    mix = band(1.0)
    model, shared = separator(stems), separator(stems, complete=True)
    assert model.stems == (*stems, "rest") and shared.stems == stems
    assert not model.complete and shared.complete
    found, with_shares = streamed(model, mix, mode=mode), streamed(shared, mix, mode=mode)
    np.testing.assert_allclose(found.sum(0), mix, atol=1e-6)  # all faders at unity
    rest = found[-1]
    assert np.abs(rest).max() > 0.1
    np.testing.assert_allclose(found[:-1], with_shares - rest / len(stems), atol=1e-5)


def test_offline_the_other_stems_are_what_they_would_be_without_it() -> None:
    mix, stems = band(1.3), ("drums", "vocals")
    found = separator(stems).separate(mix)
    np.testing.assert_allclose(found[:-1], separator(stems, complete=True).separate(mix), atol=1e-6)
    np.testing.assert_allclose(found.sum(0), mix, atol=1e-6)


@pytest.mark.parametrize("wanted", [("rest",), ("rest", "kick"), ("snare", "kick"), ("toms",)])
@pytest.mark.parametrize("networks", [1, 2])
def test_any_choice_of_stems(wanted: tuple[str, ...], networks: int) -> None:
    model, mix = separator(DRUMS, networks), band(1.0)
    every = dict(zip(model.stems, model.separate(mix), strict=True))
    found = model.separate(mix, stems=wanted)
    np.testing.assert_allclose(found, np.stack([every[stem] for stem in wanted]), atol=1e-5)
    in_stream = dict(zip(model.stems, streamed(model, mix), strict=True))
    found = streamed(model, mix, stems=wanted)
    np.testing.assert_allclose(found, np.stack([in_stream[stem] for stem in wanted]), atol=1e-5)


def test_batches_have_a_rest_each() -> None:
    model = separator(("drums", "vocals"))
    mixes = np.stack([band(0.8), 0.5 * band(0.8)[:, ::-1]])
    stream = model.stream(window=0.6, hop=0.1, lookahead=0.05, batch=2)
    out = stream.process(np.ascontiguousarray(mixes))
    for mix, found in zip(mixes, out, strict=True):
        alone = model.stream(window=0.6, hop=0.1, lookahead=0.05)
        np.testing.assert_allclose(found, alone.process(np.ascontiguousarray(mix)), atol=1e-4)


def test_a_complete_network_has_none() -> None:
    model = separator(STEMS_4)
    assert model.stems == STEMS_4
    with pytest.raises(ConfigError, match="stems must be some of drums, bass, other, vocals, got"):
        model.separate(band(0.1), stems=["rest"])


def test_a_compiled_step_knows_whether_it_shares_a_residual(tmp_path: Path) -> None:
    """Both give the same stems in the same order, and not the same sound."""
    shared, kept = separator(DRUMS, complete=True), separator(DRUMS)
    spec = shared.spec(window=0.6, hop=0.1, lookahead=0.05)
    paths = {
        CompiledSteps(tmp_path, model._bag.only(DRUMS)).path(spec, 1) for model in (shared, kept)
    }
    assert len(paths) == 2


def test_the_rest_is_no_guess_from_the_sound() -> None:
    model = separator(("vocals",))
    out = streamed(model, np.zeros((2, RATE), np.float32))
    assert out.shape[0] == 2
    np.testing.assert_allclose(out.sum(0), 0, atol=1e-6)
