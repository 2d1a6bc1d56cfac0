"""The instant path over a model keeps the contract of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from music import mixture, stempeg_stems
from networks import small_bag

from rtsep.engine.instant import InstantStream, arrival_age
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.instant.path import InstantPath
from rtsep.metrics import sdr

FRAME, RATE = 1024, 44_100
TIMES = {"window": 24 * FRAME / RATE, "hop": 2 * FRAME / RATE, "lookahead": 2 * FRAME / RATE}


@pytest.fixture(scope="module")
def model() -> Separator:
    return Separator("small", small_bag(), torch.device("cpu"))


def new_stream(model: Separator, **settings: Any) -> InstantStream:
    stream = model.stream(path="instant", mode="exact", **(TIMES | {"age": 0.2} | settings))
    assert isinstance(stream, InstantStream)
    return stream


@pytest.mark.parametrize("delay", [0.012, 0.023])
def test_the_latency_is_where_an_impulse_comes_out(model: Separator, delay: float) -> None:
    stream = new_stream(model, delay=delay)
    assert stream.latency_samples == {0.012: 512, 0.023: 1024}[delay]
    mix = np.zeros((2, 9000), np.float32)
    mix[:, 5001] = 1
    out = np.concatenate((stream.process(mix), stream.flush()), -1)
    assert out.shape == (4, 2, 9000 + stream.latency_samples)
    expected = np.pad(mix, ((0, 0), (stream.latency_samples, 0)))
    np.testing.assert_allclose(out.sum(0), expected, rtol=0, atol=1e-6)


def test_stems_null_against_the_delayed_input(model: Separator) -> None:
    stream, mix = new_stream(model), mixture(0.0, 2.0)
    mix /= np.abs(mix).max()
    out = np.concatenate((stream.process(mix), stream.flush()), -1)[..., stream.latency_samples :]
    assert len(stream.path.memory) > 100
    assert 20 * np.log10(np.abs(out.sum(0) - mix).max()) < -120
    assert not np.allclose(out[0], out[1], atol=1e-3)


@pytest.mark.parametrize("sizes", [[1, 63, 64], [511, 512, 513], [4096], [7, 0, 3000]])
def test_block_sizes_make_no_difference(model: Separator, sizes: list[int]) -> None:
    mix, pieces, at = mixture(2.0)[:, : 30 * FRAME], list[np.ndarray](), 0
    stream = new_stream(model)
    while at < mix.shape[1]:
        for size in sizes:
            pieces.append(stream.process(mix[:, at : at + size]))
            at += size
    at_once = new_stream(model).process(mix)
    np.testing.assert_array_equal(np.concatenate(pieces, -1), at_once)


def test_what_other_programs_take_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps on fewer threads round otherwise, and which ones have fewer is chance."""
    model, mix = Separator("small", small_bag(), torch.device("cpu")), mixture(2.0)[:, : 12 * FRAME]

    class Busy:
        def shared(self) -> None:
            raise AssertionError("the number of threads hangs on other programs")

    monkeypatch.setattr(model, "_cores", Busy())
    assert new_stream(model).process(mix).any()


def test_reset_equals_fresh(model: Separator) -> None:
    mix, stream = mixture(2.0)[:, : 30 * FRAME], new_stream(model)
    first = stream.process(mix)
    stream.process(mix[:, :777])
    stream.reset()
    np.testing.assert_array_equal(stream.process(mix), first)


def test_late_stems_come_when_they_would_live(
    model: Separator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hop once, without a gap, `age` samples after the first of them was heard."""
    stream, learned = new_stream(model), list[tuple[int, int, int]]()

    def learn(path: InstantPath, position: int, stems: np.ndarray) -> None:
        learned.append((path.position + 512, position, position + stems.shape[-1]))

    monkeypatch.setattr(InstantPath, "learn", learn)
    stream.process(mixture(0.0, 2.0))
    assert [stop for _, _, stop in learned[:-1]] == [begin for _, begin, _ in learned[1:]]
    assert learned[0][1] == 0
    for heard, begin, stop in learned[1:]:
        assert 0 <= heard - begin - stream.age < 512
        assert stop - begin == stream.spec.hop


def test_some_stems_are_rows_of_all(model: Separator) -> None:
    mix = mixture(2.0)[:, : 30 * FRAME]
    some = new_stream(model, stems=["vocals", "drums"])
    assert some.stems == ("vocals", "drums")
    every = new_stream(model).process(mix)
    np.testing.assert_array_equal(some.process(mix), every[[3, 0]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "early"}, "path must be one of full, instant, got 'early'"),
        ({"path": "instant", "batch": 2}, "takes one signal, got batch=2"),
        ({"path": "instant", "age": 0.05}, r"age must be at least hop \+ lookahead, 0.093 s"),
        ({"path": "instant", "delay": 0.1}, "must be 0.012 or 0.023 s, got 0.1"),
        ({"path": "instant", "stems": ["piano"]}, r"got \['piano'\]"),
        ({"age": 0.2}, "give path='instant' too"),
    ],
)
def test_settings_that_do_not_fit(model: Separator, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        model.stream(**(TIMES | settings))


def test_the_least_age_is_taken(model: Separator) -> None:
    spec = model.spec(**TIMES)
    assert arrival_age(spec, spec.latency_samples / RATE) == spec.latency_samples


def test_real_weights_know_a_repeat(separator: Separator) -> None:
    """The second time that it hears two seconds, it takes them apart far better than the first."""
    stems = np.stack([stem[:, 2 * RATE : 4 * RATE] for stem in stempeg_stems().values()])
    twice = np.concatenate((stems, stems), -1)
    mix = twice.sum(0)
    stream = separator.stream(path="instant")
    out = np.concatenate((stream.process(mix), stream.flush()), -1)[..., 1024:]
    assert stream.latency_samples == 1024
    known, new = [
        np.mean([sdr(t[:, part], e[:, part]) for t, e in zip(twice, out, strict=True)])
        for part in (slice(2 * RATE + 20_000, None), slice(0, 2 * RATE))
    ]
    assert known > new + 1.5
