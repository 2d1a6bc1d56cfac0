"""Faders are exact, and settings that make no sense are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rtsep.errors import ConfigError
from rtsep.mixer.levels import db_to_gain
from rtsep.mixer.static import Mixer

STEMS = ("drums", "bass", "other", "vocals")


@pytest.fixture
def audio() -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (4, 2, 1001)).astype(np.float32)


@pytest.mark.parametrize(
    ("db", "gain"), [(0, 1), (-20, 0.1), (6, 10**0.3), (-120, 1e-6), (-math.inf, 0), (-400, 1e-20)]
)
def test_decibels_to_factors(db: float, gain: float) -> None:
    assert db_to_gain(db) == pytest.approx(gain, rel=1e-12, abs=0)


def test_all_faders_at_zero_are_the_plain_sum(audio: np.ndarray) -> None:
    np.testing.assert_allclose(Mixer(STEMS).mix(audio), audio.sum(0), rtol=0, atol=1e-6)
    assert Mixer(STEMS).mix(audio).dtype == np.float32


def test_gains_weigh_their_stems(audio: np.ndarray) -> None:
    mixer = Mixer(STEMS, gains_db={"bass": -6, "vocals": 6, "other": -math.inf})
    weights = np.array([1, 10**-0.3, 0, 10**0.3])[:, None, None]
    np.testing.assert_allclose(mixer.mix(audio), (weights * audio).sum(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("how", [{"mute": ["bass"]}, {"gains_db": {"bass": -math.inf}}])
def test_what_is_off_is_not_there_at_all(audio: np.ndarray, how: dict[str, object]) -> None:
    audio[1] *= 1e30
    mixed = Mixer(STEMS, **how).mix(audio)  # type: ignore[arg-type]
    np.testing.assert_allclose(mixed, audio[[0, 2, 3]].sum(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("mute", "solo", "heard"),
    [
        ([], [], "dbov"),
        (["drums", "vocals"], [], "bo"),
        ([], ["vocals"], "v"),
        ([], ["bass", "drums", "bass"], "db"),
        (["vocals"], ["vocals", "bass"], "b"),  # a mute wins over its solo
        (["vocals"], ["vocals"], ""),
        (["drums"], ["bass"], "b"),
    ],
)
def test_mute_and_solo(mute: list[str], solo: list[str], heard: str) -> None:
    gains = Mixer(STEMS, mute=mute, solo=solo).gains
    assert "".join(stem[0] for stem, gain in zip(STEMS, gains, strict=True) if gain) == heard


def test_a_solo_keeps_its_gain() -> None:
    assert Mixer(STEMS, gains_db={"bass": -20, "drums": 3}, solo=["bass"]).gains == pytest.approx(
        [0, 0.1, 0, 0]
    )


@pytest.mark.parametrize("db", [6.001, 60, math.inf, math.nan])
def test_gains_out_of_range(db: float) -> None:
    with pytest.raises(ConfigError, match=rf"gain of bass must be -inf to \+6 dB, got {db}"):
        Mixer(STEMS, gains_db={"bass": db})


@pytest.mark.parametrize("how", [{"gains_db": {"piano": 0}}, {"mute": ["piano"]},
                                 {"solo": ["bass", "piano"]}])  # fmt: skip
def test_unknown_stems(how: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="no stem 'piano'; this model has drums, bass, other"):
        Mixer(STEMS, **how)  # type: ignore[arg-type]


def test_any_number_of_stems() -> None:
    assert Mixer(("lead",), gains_db={"lead": -20}).gains == pytest.approx([0.1])
    assert len(Mixer([str(number) for number in range(6)]).gains) == 6


def test_an_empty_block_is_mixed_to_an_empty_block() -> None:
    assert Mixer(STEMS).mix(np.zeros((4, 2, 0), np.float32)).shape == (2, 0)
