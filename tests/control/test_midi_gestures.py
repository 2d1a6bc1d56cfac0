"""What kind of control somebody moves is told from its messages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.control.actions import parse_action
from rtsep.control.midi.learn import QUIET_S, Gesture, addresses, learned, relative_mode
from rtsep.control.midi.mapping import read_map
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import parse


def moved(action: str, *messages: Sequence[int]) -> Binding | None:
    """The binding for messages that come quickly and then rest."""
    gesture = Gesture(parse_action(action))
    for number, message in enumerate(messages):
        event = parse(message)
        if event is not None:
            gesture.add(event, number * 0.01)
    assert gesture.finished(len(messages) * 0.01 + QUIET_S) == bool(messages)
    return gesture.binding()


def cc(number: int, *values: int, channel: int = 1) -> list[tuple[int, ...]]:
    return [(0xB0 | channel - 1, number, value) for value in values]


def told(binding: Binding | None) -> tuple[str, int, int, str] | None:
    return binding and (binding.type, binding.channel, binding.number, binding.mode)


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        (cc(7, *range(20, 90, 3), channel=4), ("cc", 4, 7, "absolute")),
        (cc(7, 3, 2, 1, 0), ("cc", 1, 7, "absolute")),
        (cc(9, 1, 1, 1, 2, 1, 127, 127, 126), ("cc", 1, 9, "relative2c")),
        (cc(9, 65, 65, 66, 63, 63), ("cc", 1, 9, "relativebo")),
        (cc(9, 1, 1, 2, 65, 65), ("cc", 1, 9, "relativesm")),
        (cc(9, 1, 1, 1, 1), ("cc", 1, 9, "relative2c")),  # or sm: nobody can tell
        (cc(9, 65, 65, 65, 65), ("cc", 1, 9, "relativebo")),  # clockwise
        ([(0xE2, 0, value) for value in (1, 2)], ("pitch", 3, 0, "absolute")),
        (
            [one for value in range(5000, 5600, 40)
             for one in (*cc(1, value >> 7), *cc(33, value & 127))],
            ("cc", 1, 1, "14bit"),
        ),
        (
            [one for value in range(5000, 5600, 40)
             for one in (*cc(33, value & 127), *cc(1, value >> 7))],
            ("cc", 1, 1, "14bit"),
        ),
        ([*cc(7, 1, 2, 3, 4, 5, 6), *cc(8, 64, 65)], ("cc", 1, 7, "absolute")),  # another trembled
        ([(0x90, 60, 100), (0x80, 60, 0), *cc(7, *range(30))], ("cc", 1, 7, "absolute")),
        ([*cc(50, *range(30)), *cc(82, *range(5))], ("cc", 1, 50, "absolute")),  # no halves
        (cc(7, 64, 65), None),
        (cc(7, 127, 0, 127, 0, 127, 0), None),  # a button
        ([(0x90, 60, 100), (0x80, 60, 0)], None),
    ],
)  # fmt: skip
def test_for_a_fader(messages: list[tuple[int, ...]], found: object) -> None:
    assert told(moved("gain:1", *messages)) == found


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([(0x99, 36, 3), (0x89, 36, 64)], ("note", 10, 36, "toggle")),
        (cc(48, 127, 0), ("cc", 1, 48, "toggle")),
        (cc(48, 127), ("cc", 1, 48, "toggle")),
        (cc(48, 0), ("cc", 1, 48, "momentary")),  # it went off: it stays where it is put
        (cc(48, 100, 0), ("cc", 1, 48, "toggle")),
        ([(0xC0, 5)], ("program", 1, 5, "toggle")),
        ([*cc(7, 64, 65, 66), *cc(48, 127, 0)], ("cc", 1, 48, "toggle")),
        (cc(7, *range(30)), None),
        (cc(9, 1, 1, 1), None),
        ([(0xE0, 0, 64), (0xE0, 0, 65)], None),
    ],
)
def test_for_a_switch(messages: list[tuple[int, ...]], found: object) -> None:
    assert told(moved("mute:1", *messages)) == found


def test_for_a_trigger() -> None:
    assert told(moved("preset:acapella", *cc(5, 127, 0))) == ("cc", 1, 5, "trigger")


def test_what_did_not_fit_is_forgotten() -> None:
    gesture = Gesture(parse_action("gain:1"))
    button, fader = parse((0x90, 1, 1)), [parse(one) for one in cc(7, *range(9))]
    assert button is not None
    gesture.add(button, 0.0)
    assert gesture.finished(1.0) and gesture.binding() is None and not gesture.finished(9.0)
    for event in fader:
        assert event is not None
        gesture.add(event, 10.0)
    assert not gesture.finished(10.0) and gesture.finished(10.0 + QUIET_S)
    assert told(gesture.binding()) == ("cc", 1, 7, "absolute")


def test_controls_that_are_known_do_not_count() -> None:
    known = moved("gain:1", *[one for value in range(900, 1900, 30)
                              for one in (*cc(2, value >> 7), *cc(34, value & 127))])  # fmt: skip
    assert known is not None and addresses(known) == [("cc", 1, 2), ("cc", 1, 34)]
    gesture = Gesture(parse_action("gain:2"), addresses(known))
    for message in [*cc(2, *range(50)), *cc(34, *range(50))]:
        event = parse(message)
        assert event is not None
        gesture.add(event, 0.0)
    assert not gesture.finished(9.0)


@settings(deadline=None)
@given(st.integers(0, 127), st.integers(0, 127), st.integers(1, 9))
def test_a_fader_is_no_encoder(start: int, stop: int, step: int) -> None:
    up = list(range(start, stop, step if stop > start else -step))
    assert relative_mode([*up, *reversed(up[:-1])]) is None


def test_new_bindings_push_out_what_they_replace() -> None:
    def bound(number: int, action: str, mode: str = "absolute") -> dict[str, object]:
        return {"type": "cc", "number": number, "channel": 1, "action": action, "mode": mode}

    def box(*bindings: dict[str, object]) -> DeviceMap:
        return read_map({"device": {"name": "x"}, "bindings": [*bindings]}, "m")

    base = box(bound(1, "gain:1"), bound(2, "gain:2"), bound(33, "gain:3"), bound(4, "gain:4"))
    new = box(bound(9, "gain:2"), bound(1, "master", "14bit")).bindings
    result = learned(base, new)
    assert result.bindings[:2] == new
    assert [str(binding.action) for binding in result.bindings[2:]] == ["gain:4"]
