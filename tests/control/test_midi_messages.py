"""Bytes become the right events, or none; nothing that a cable can carry raises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.control.midi.messages import (
    CC,
    KEY_PRESSURE,
    NOTE,
    PITCH,
    PRESSURE,
    PROGRAM,
    RELATIVE,
    Event,
    encode,
    parse,
)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ([0xB0, 7, 100], Event(CC, 1, 7, 100)),
        ([0xBF, 127, 0], Event(CC, 16, 127, 0)),
        ([0x90, 60, 1], Event(NOTE, 1, 60, 1)),
        ([0x90, 60, 0], Event(NOTE, 1, 60, 0)),
        ([0x8A, 60, 64], Event(NOTE, 11, 60, 0)),  # how fast it was released does not matter
        ([0xE0, 0, 64], Event(PITCH, 1, 0, 8192)),
        ([0xE8, 127, 127], Event(PITCH, 9, 0, 16383)),
        ([0xC2, 5], Event(PROGRAM, 3, 5, 127)),
        ([0xD2, 5], Event(PRESSURE, 3, 0, 5)),
        ([0xA2, 60, 5], Event(KEY_PRESSURE, 3, 60, 5)),
    ],
)
def test_messages(message: list[int], event: Event) -> None:
    assert parse(message) == event
    assert parse(tuple(message)) == event


@pytest.mark.parametrize(
    "message",
    [
        [],
        [0xB0],
        [0xB0, 7],
        [0xB0, 7, 1, 2],
        [7, 100],  # running status, which the systems expand
        [7, 100, 3],
        [0xB0, 0x90, 3],
        [0xB0, 7, 128],
        [0xB0, 7, -1],
        [0xC0, 5, 1],
        [0xD0, 5, 1],
        [0xA0, 60],
        [0xF8],
        [0xFE],
        [0xFF],
        [0xF2, 1, 2],
        [0xF0, 0x42, 0xF7],
        [0xF0, *range(100), 0xF7],
        [300, 1, 2],
        [-5, 1, 2],
    ],
)
def test_what_is_no_event(message: list[int]) -> None:
    assert parse(message) is None


@settings(deadline=None)
@given(st.lists(st.integers(-1, 300), max_size=8) | st.binary(max_size=64))
def test_nothing_raises(message: list[int] | bytes) -> None:
    event = parse(message)
    if event is not None:
        assert 1 <= event.channel <= 16 and 0 <= event.number <= 127
        assert 0 <= event.value <= (16383 if event.type == PITCH else 127)
        assert event.pressed in (True, False) and str(event)


@settings(deadline=None)
@given(
    st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0]),
    st.integers(0, 15),
    st.integers(0, 127),
    st.integers(0, 127),
)
def test_there_and_back(status: int, channel: int, first: int, second: int) -> None:
    event = parse(
        [status | channel, first] if status in (0xC0, 0xD0) else [status | channel, first, second]
    )
    assert event is not None and parse(encode(event)) == event


@pytest.mark.parametrize("clicks", [1, 2, 5, 20, 63])
def test_endless_encoders(clicks: int) -> None:
    turned = {"relative2c": (clicks, 128 - clicks), "relativebo": (64 + clicks, 64 - clicks),
              "relativesm": (clicks, 64 + clicks)}  # fmt: skip
    for mode, (clockwise, back) in turned.items():
        assert (RELATIVE[mode](clockwise), RELATIVE[mode](back)) == (clicks, -clicks), mode


def test_buttons_are_pressed_from_the_middle() -> None:
    for kind, value, pressed in [
        (CC, 63, False), (CC, 64, True), (NOTE, 0, False), (NOTE, 1, True), (PROGRAM, 127, True),
    ]:  # fmt: skip
        assert Event(kind, 1, 1, value).pressed is pressed


def test_events_can_be_read() -> None:
    assert str(Event(CC, 1, 7, 100)) == "channel 1 cc 7 value 100"
    assert str(Event(NOTE, 2, 60, 0)) == "channel 2 note 60 value 0"
    assert str(Event(PITCH, 9, 0, 8192)) == "channel 9 pitch value 8192"
    assert str(Event(PROGRAM, 1, 3, 127)) == "channel 1 program 3"
    assert str(Event(PRESSURE, 1, 0, 9)) == "channel 1 pressure value 9"
    assert str(Event(KEY_PRESSURE, 1, 60, 9)) == "channel 1 key pressure 60 value 9"
