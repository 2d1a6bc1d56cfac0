"""Whatever hands do in whatever order, what comes is the song, and time has no hole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deck import BLOCK, RATE, Start, write

from rtsep.player.course import FADE

SCALE = 1 << 22  # of samples that say where they are, without rounding
COUNT = 40 * RATE


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song whose every sample is its own number."""
    numbers = np.arange(COUNT) / SCALE
    return write(tmp_path_factory.mktemp("count") / "count.wav", np.stack([numbers, -numbers]))


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_hands(deck: Start, path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    playing = deck(path)
    transport = playing.transport
    places = [
        lambda: transport.seek(rng.uniform(0, 35)),
        lambda: transport.skip(rng.choice([-5, 5])),
    ]
    others = [
        lambda: transport.play(bool(rng.integers(2))),
        lambda: transport.loop(False),
        lambda: transport.step(-1),
        lambda: transport.set_speed(1.0),
    ]
    orders = 0
    for _ in range(60):
        for _ in range(rng.integers(1, 4)):
            orders += 1
            (places if rng.integers(2) else others)[rng.integers(2)]()
        for _ in range(rng.integers(0, 3)):  # the feeder may be busy with something else
            playing.play(BLOCK * int(rng.integers(1, 8)), feeds=False)
        playing.turn()
        playing.play(BLOCK * int(rng.integers(1, 40)))
        status = transport.status
        assert 0 <= status.position <= status.length == COUNT / RATE
    transport.play(True)
    playing.play(RATE)
    numbers = playing.fed[0].astype(np.float64) * SCALE
    others_than_next = np.flatnonzero(np.abs(np.diff(numbers) - 1) > 0.5)
    jumps = np.split(others_than_next, np.flatnonzero(np.diff(others_than_next) > FADE) + 1)
    assert len(jumps) <= orders
    assert not playing.shared.counters.starved[0]
    at = numbers[-RATE // 2 :]
    np.testing.assert_array_equal(at, np.arange(at.size) + at[0])
    np.testing.assert_array_equal(playing.fed[0], -playing.fed[1])
