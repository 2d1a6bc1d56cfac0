"""Decibels, factors and the travel of a fader agree with one another."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsep.mixer.levels import (
    LOUDEST_DB,
    db_to_gain,
    db_to_travel,
    db_to_turn,
    gain_to_db,
    travel_to_db,
    turn_to_db,
)


@pytest.mark.parametrize(
    ("db", "gain"), [(0, 1), (-20, 0.1), (6, 10**0.3), (-120, 1e-6), (-math.inf, 0), (-400, 1e-20)]
)
def test_decibels_and_factors(db: float, gain: float) -> None:
    assert db_to_gain(db) == pytest.approx(gain, rel=1e-12, abs=0)
    assert gain_to_db(gain) == pytest.approx(db, rel=1e-12)


@pytest.mark.parametrize(
    ("travel", "db"), [(0, -math.inf), (0.5, -10), (0.8, 0), (1, LOUDEST_DB), (0.65, -5)]
)
def test_marks_of_a_fader(travel: float, db: float) -> None:
    assert travel_to_db(travel) == pytest.approx(db)
    assert db_to_travel(db) == pytest.approx(travel)


@pytest.mark.parametrize(
    ("turn", "db"), [(0, -math.inf), (0.3, -10), (0.4, -5), (0.5, 0), (0.75, 3), (1, LOUDEST_DB)]
)
def test_marks_of_a_knob(turn: float, db: float) -> None:
    assert turn_to_db(turn) == pytest.approx(db)
    assert db_to_turn(db) == pytest.approx(turn)


@given(st.floats(1e-6, 1))
def test_there_and_back(travel: float) -> None:
    assert db_to_travel(travel_to_db(travel)) == pytest.approx(travel, abs=1e-12)
    assert db_to_turn(turn_to_db(travel)) == pytest.approx(travel, abs=1e-12)


@pytest.mark.parametrize("decibels_at", [travel_to_db, turn_to_db])
def test_higher_is_louder(decibels_at: Callable[[float], float]) -> None:
    decibels = [decibels_at(step / 127) for step in range(128)]
    assert all(lower < higher for lower, higher in pairwise(decibels))


@pytest.mark.parametrize(("travel", "db"), [(-0.1, -math.inf), (1.5, LOUDEST_DB)])
def test_beyond_the_ends(travel: float, db: float) -> None:
    assert travel_to_db(travel) == turn_to_db(travel) == db


def test_what_is_too_loud_or_too_quiet_is_at_the_ends() -> None:
    assert db_to_travel(40) == db_to_turn(40) == 1 and db_to_travel(-200) == db_to_turn(-200) == 0
