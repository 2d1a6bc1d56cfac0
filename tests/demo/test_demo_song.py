"""The demo song: always the same, complete, sane in level, and exactly the sum of its stems."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from rtsep.demo import Demo, demo_song, score
from rtsep.demo.voice import HUMS, MOUTH, NOISES

STEMS = ["drums", "bass", "other", "vocals"]


@cache
def song() -> Demo:
    return demo_song()


def test_shape_and_sum() -> None:
    demo = song()
    assert demo.sample_rate == 44_100
    assert list(demo.stems) == STEMS
    for stem in [*demo.stems.values(), demo.mix]:
        assert stem.shape == (2, 12 * 44_100) and stem.dtype == np.float32
        assert np.isfinite(stem).all()
    drums, bass, other, vocals = demo.stems.values()
    np.testing.assert_array_equal(demo.mix, drums + bass + other + vocals)


def test_same_on_every_call() -> None:
    np.testing.assert_array_equal(demo_song().mix, song().mix)


def test_levels() -> None:
    assert 0.8 < np.abs(song().mix).max() <= 0.9 + 1e-6
    loudness = [np.sqrt(np.mean(stem**2)) for stem in song().stems.values()]
    assert min(loudness) > 0.03 and max(loudness) < 3 * min(loudness)
    assert np.abs(song().mix[:, -10:]).max() < 1e-3  # ends without a click


def test_every_stem_plays_in_every_second() -> None:
    for stem in song().stems.values():
        seconds = stem.reshape(2, 12, -1)
        assert np.sqrt(np.mean(seconds**2, axis=2)).min() > 0.003


def test_stems_are_distinct_and_in_their_registers() -> None:
    stems = np.stack([stem.ravel() for stem in song().stems.values()])
    assert np.abs(np.corrcoef(stems) - np.eye(4)).max() < 0.1
    power = {name: np.abs(np.fft.rfft(stem[0])) ** 2 for name, stem in song().stems.items()}
    hz = np.fft.rfftfreq(song().mix.shape[1], 1 / 44_100)
    middle = {name: hz[np.searchsorted(np.cumsum(p), p.sum() / 2)] for name, p in power.items()}
    assert middle["bass"] < 130 < 150 < middle["other"]
    assert 190 < middle["vocals"] < 1000


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
@pytest.mark.parametrize("seconds", [0.1, 5.0, 13.5])
def test_other_rates_and_lengths(rate: int, seconds: float) -> None:
    demo = demo_song(rate, seconds)
    assert demo.mix.shape == (2, round(rate * seconds))
    assert np.isfinite(demo.mix).all()
    assert np.abs(demo.mix).max() <= 0.9 + 1e-6
    assert all(stem.any() for stem in demo.stems.values())


def test_score_adds_up() -> None:
    quarters = 3 * score.BARS
    assert sum(beats for beats, _, _ in score.MELODY) == quarters
    assert len(score.CHORDS) == score.BARS
    assert set(score.CHORDS) <= set(score.VOICINGS) & set(score.ROOTS)
    for rows in score.DRUMS.values():
        hits = "".join(rows.split())
        assert len(hits) == quarters and set(hits) <= set(".123456789")


def test_every_sound_of_the_text_can_be_sung() -> None:
    for _, _, text in score.MELODY:
        sounds = text.split()
        vowels = [sound for sound in sounds if sound not in NOISES and sound not in HUMS]
        assert len(vowels) == 1 and set(vowels[0]) <= set(MOUTH), text
    assert set(HUMS) <= set(MOUTH)
