"""Input and output come to silence and back on a ramp, and are untouched where they rest."""

from __future__ import annotations

import numpy as np
import pytest
from mixer_support import LONGEST, RATE, largest_step, noise

from rtsep.mixer.dips import IN, OUT, Dips
from rtsep.mixer.faders import RAMP_SECONDS

BLOCK = 256
ARRIVED = round(0.06 * RATE) // BLOCK * BLOCK


def through(dips: Dips, audio: np.ndarray, lane: int) -> np.ndarray:
    pieces = []
    for at in range(0, audio.shape[1], BLOCK):
        piece = audio[:, at : at + BLOCK].copy()
        dips.advance(piece.shape[1])
        dips.apply(lane, piece)
        pieces.append(piece)
    return np.concatenate(pieces, 1)


@pytest.mark.parametrize("lane", [IN, OUT])
def test_one_comes_to_silence_and_back_without_the_other(lane: int) -> None:
    dips, ones = Dips(RATE, LONGEST), np.ones((2, ARRIVED), np.float32)
    assert dips.arrived and np.array_equal(through(dips, ones, lane), ones)
    dips.aim(hears=lane != IN, plays=lane != OUT)
    down = through(dips, ones, lane)
    assert dips.arrived and not down[:, -1].any()
    assert largest_step(down) < 1.01 / (RAMP_SECONDS * RATE)
    other = noise(ARRIVED)[:2]
    assert np.array_equal(through(dips, other, 1 - lane), other)
    dips.aim(hears=True, plays=True)
    up = through(dips, ones, lane)
    assert dips.arrived and np.array_equal(up[:, -1], [1, 1])
    assert largest_step(np.concatenate((down, up), 1)) < 1.01 / (RAMP_SECONDS * RATE)


def test_an_input_that_goes_on_after_a_gap_fades_in() -> None:
    dips, ones = Dips(RATE, LONGEST, hears=False), np.ones((2, ARRIVED), np.float32)
    heard = through(dips, ones, IN)
    assert heard[0, 0] < 0.01 and heard[0, -1] == 1
