"""What the benchmark of the first seconds does: a path that was taught goes on where it is."""

from __future__ import annotations

import numpy as np

from bench.instant import BASE, HOP, LATE, RATE, play
from bench.instant_cold import against, audible, follow, medians, teach
from rtsep.instant.path import InstantPath

STEMS = ("drums", "bass", "other", "vocals")


def noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((4, 2, int(seconds * RATE))).astype("f4") / 9


def tones(seconds: float) -> np.ndarray:
    """One for each stem, far from each other."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitches = np.array([200.0, 800.0, 3200.0, 9600.0])
    found = np.sin(2 * np.pi * pitches[:, None] * time).astype("f4") * 0.1
    return np.repeat(found[:, None], 2, 1)


def test_a_new_path_follows_as_it_plays() -> None:
    stems = noise(1.5, 1)
    mix = stems.sum(0)
    found = follow(InstantPath(BASE), mix, stems)
    np.testing.assert_array_equal(found, play(mix, stems, BASE, LATE, HOP))


def test_what_was_taught_is_known_from_the_first_hop() -> None:
    stems = tones(1.0)
    new, taught = InstantPath(BASE), InstantPath(BASE)
    teach(taught, stems)
    assert len(taught.memory) >= 1.0 * RATE // BASE.hop
    song = {"mixture": stems.sum(0), **dict(zip(STEMS, stems, strict=True))}
    cold, warm = (follow(path, song["mixture"], stems * 0) for path in (new, taught))
    samples = cold.shape[-1]
    song = {name: audio[:, :samples] for name, audio in song.items()}
    better, worse = audible(STEMS, song, warm), audible(STEMS, song, cold)
    assert better is not None and worse is not None and better > worse + 3


def test_stems_that_rest_are_not_counted() -> None:
    stems = noise(0.5, 3)
    stems[1] *= 1e-2  # 40 dB below the others
    song = {"mixture": stems.sum(0), **dict(zip(STEMS, stems, strict=True))}
    estimates = stems * np.float32(1.1)  # 20 dB each
    estimates[1] = 1
    found = audible(STEMS, song, estimates)
    assert found is not None and abs(found - 20) < 0.1
    assert audible(STEMS, {name: audio * 0 for name, audio in song.items()}, estimates) is None


def test_medians_are_of_the_beginnings_that_are_long_enough() -> None:
    rows = [{2: 1.0, 5: 2.0, 10: 1.0, 30: 0.0}, {2: 3.0, 5: 4.0, 10: 1.0, 30: 0.0}, {2: 8.0}]
    others = [{2: 2.0, 5: 1.0, 10: 1.0, 30: 0.0}, {2: 2.0, 5: 3.0, 10: 2.0, 30: 0.0}, {2: 2.0}]
    assert medians(rows) == {2: 3.0, 5: 3.0, 10: 1.0, 30: 0.0}
    assert against(rows, others) == {2: (2, 1), 5: (2, 0), 10: (0, 1), 30: (0, 0)}
