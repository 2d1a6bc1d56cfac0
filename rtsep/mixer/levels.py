"""Decibels, factors, how far a fader has travelled and how far a knob is turned."""

from __future__ import annotations

import math

import numpy as np

from rtsep.errors import ConfigError

LOUDEST_DB = 6.0
MOST_TRIM_DB = 20.0  # up and down

# Travel of a fader, 0 to 1, against its decibels: straight lines between these marks, as on mixing
# desks, where the upper half is for fine moves. Below the first mark is silence.
_TRAVEL = (0.0, 0.05, 0.15, 0.3, 0.5, 0.8, 1.0)
_DECIBELS = (-90.0, -60.0, -40.0, -20.0, -10.0, 0.0, LOUDEST_DB)
MARKS = tuple(zip(_TRAVEL, _DECIBELS, strict=True))  # for who draws a fader elsewhere
# Likewise a knob of an equalizer, which is in the middle where it does nothing.
_TURN = (0.0, 0.05, 0.15, 0.3, 0.5, 1.0)
_TURN_DECIBELS = (-60.0, -40.0, -24.0, -10.0, 0.0, LOUDEST_DB)
TURN_MARKS = tuple(zip(_TURN, _TURN_DECIBELS, strict=True))
# And the knob of the input's trim, on which every degree is as many decibels.
TRIM_MARKS = ((0.0, -MOST_TRIM_DB), (1.0, MOST_TRIM_DB))
_TRIM_REST_DB = 0.16  # that is 0 dB on it: controllers with 128 steps do not hit the middle


def db_to_gain(db: float) -> float:
    """Decibels to a factor; -inf is silence."""
    return 0.0 if db == -math.inf else float(10.0 ** (db / 20.0))


def gain_to_db(gain: float) -> float:
    """A factor to decibels; silence is -inf."""
    return 20.0 * math.log10(gain) if gain > 0 else -math.inf


def checked_db(what: str, db: float) -> float:
    """Raises ConfigError for a gain that no fader has."""
    if not db <= LOUDEST_DB:  # written so that NaN is refused too
        raise ConfigError(f"gain of {what} must be -inf to {LOUDEST_DB:+g} dB, got {db}")
    return db


def travel_to_db(travel: float) -> float:
    """Where a fader stands, 0 (bottom) to 1 (top), in decibels: -inf at 0, 0 dB at 0.8."""
    return -math.inf if travel <= 0 else float(np.interp(travel, _TRAVEL, _DECIBELS))


def db_to_travel(db: float) -> float:
    """Where a fader stands that is set to `db`; the inverse of `travel_to_db`."""
    return float(np.interp(db, _DECIBELS, _TRAVEL))


def turn_to_db(turn: float) -> float:
    """How far an equalizer's knob is turned, 0 (left) to 1 (right), in decibels: -inf at 0, which
    kills the band, 0 dB in the middle."""
    return -math.inf if turn <= 0 else float(np.interp(turn, _TURN, _TURN_DECIBELS))


def db_to_turn(db: float) -> float:
    """How far a knob is turned that is set to `db`; the inverse of `turn_to_db`."""
    return float(np.interp(db, _TURN_DECIBELS, _TURN))


def knob_to_trim(knob: float) -> float:
    """How far the trim is turned, 0 (left) to 1 (right), in decibels: 0 dB in the middle."""
    db = MOST_TRIM_DB * (2 * knob - 1)
    return 0.0 if abs(db) < _TRIM_REST_DB else db


def trim_to_knob(db: float) -> float:
    """How far the trim is turned that is set to `db`."""
    return (db / MOST_TRIM_DB + 1) / 2
