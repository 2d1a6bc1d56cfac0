"""What kind of control somebody moves is told from its messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rtsep.control.actions import parse_action
from rtsep.control.midi.encoders import encoder
from rtsep.control.midi.learn import PATIENCE_S, QUIET_S, Gesture, addresses, learned
from rtsep.control.midi.mapping import read_map
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import parse
from rtsep.control.midi.parameters import Parameters


def moved(action: str, *messages: Sequence[int]) -> Binding | None:
    """The binding for messages that come quickly and then rest."""
    gesture = Gesture(parse_action(action))
    for number, message in enumerate(messages):
        event = parse(message)
        gesture.add(event, number * 0.01)
    gesture.finished(len(messages) * 0.01 + QUIET_S)
    return gesture.binding()


def refused(action: str, *messages: Sequence[int]) -> str:
    """Why messages that come quickly and then rest make no binding."""
    gesture = Gesture(parse_action(action))
    for number, message in enumerate(messages):
        gesture.add(parse(message), number * 0.01)
    later = len(messages) * 0.01 + PATIENCE_S
    assert gesture.finished(later) and gesture.binding() is None
    assert not gesture.finished(later + 1), "it is said twice"
    return gesture.why


def cc(number: int, *values: int, channel: int = 1) -> list[tuple[int, ...]]:
    return [(0xB0 | channel - 1, number, value) for value in values]


def told(binding: Binding | None) -> tuple[str, int, int, str] | None:
    return binding and (binding.type, binding.channel, binding.number, binding.mode)


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        (cc(7, *range(20, 90, 3), channel=4), ("cc", 4, 7, "absolute")),
        (cc(7, 13, 9, 4, 0), ("cc", 1, 7, "absolute")),
        (cc(7, *range(128), *[127] * 5, *range(126, 40, -1)), ("cc", 1, 7, "absolute")),
        (cc(7, *[v for v in range(20, 90) for _ in range(2)]), ("cc", 1, 7, "absolute")),
        (cc(7, *[v + v % 3 for v in range(5, 120, 2)]), ("cc", 1, 7, "absolute")),  # it jitters
        (cc(9, 1, 1, 1, 2, 1, 127, 127, 126), ("cc", 1, 9, "relative2c")),
        (cc(9, 65, 65, 66, 63, 63), ("cc", 1, 9, "relativebo")),
        (cc(9, 1, 1, 2, 65, 65), ("cc", 1, 9, "relativesm")),
        (cc(9, 2, 4, 1, 127, 120, 125), ("cc", 1, 9, "relative2c")),  # never the same twice
        ([(0xE2, 0, value) for value in range(1, 90, 5)], ("pitch", 3, 0, "absolute")),
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
        ([*cc(7, *range(1, 40)), *cc(8, 64, 65)], ("cc", 1, 7, "absolute")),  # another trembled
        ([(0x90, 60, 100), (0x80, 60, 0), *cc(7, *range(30))], ("cc", 1, 7, "absolute")),
        ([*cc(50, *range(30)), *cc(82, *range(5))], ("cc", 1, 50, "absolute")),  # no halves
        ([*cc(1, *range(30)), *cc(33, 127, 0, 127, 0)], ("cc", 1, 1, "absolute")),  # a button
        ([one for v in range(90) for one in (*cc(1, v), *cc(33, 127 - v))],
         ("cc", 1, 1, "absolute")),  # two faders at once
        ([one for v in range(0, 7000, 130) for one in (*cc(9, v >> 7), *cc(41, v & 127))],
         ("cc", 1, 9, "absolute")),  # so evenly that the fine half does not run over
        ([(0x90, 104, 127), *[(0xE0, 0, v) for v in range(99)], (0x90, 104, 0)],
         ("pitch", 1, 0, "absolute")),  # of a fader that feels the hand
        ([one for v in range(60) for one in ((0xD0, v), *cc(7, v))], ("cc", 1, 7, "absolute")),
        ([*cc(101, 127), *cc(6, *range(90)), *cc(101, 0)], ("cc", 1, 6, "absolute")),  # no RPN
        (cc(98, *range(60)), ("cc", 1, 98, "absolute")),
    ],
)  # fmt: skip
def test_for_a_fader(messages: list[tuple[int, ...]], found: object) -> None:
    assert told(moved("gain:1", *messages)) == found


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([(0x99, 36, 3), (0x89, 36, 64)], ("note", 10, 36, "toggle")),
        (cc(48, 127, 0), ("cc", 1, 48, "toggle")),
        (cc(48, 127, 127), ("cc", 1, 48, "toggle")),  # it never says that it was let go
        (cc(48, 127, 0, 127, 0), ("cc", 1, 48, "toggle")),
        ([(0x90, 5, 100), (0xA0, 5, 60), (0xA0, 5, 90), (0xD0, 70), (0x90, 5, 0)],
         ("note", 1, 5, "toggle")),  # a pad
        ([*cc(0, 0), *cc(32, 3), (0xC0, 5)], ("program", 1, 5, "toggle")),  # with its bank
        (cc(48, 0, 127), ("cc", 1, 48, "momentary")),
        (cc(48, 0), ("cc", 1, 48, "momentary")),  # it went off: it stays where it is put
        (cc(48, 100, 0), ("cc", 1, 48, "toggle")),
        ([(0xC0, 5)], ("program", 1, 5, "toggle")),
        ([*cc(7, 64, 65, 66), *cc(48, 127, 0)], ("cc", 1, 48, "toggle")),
    ],
)  # fmt: skip
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
    assert encoder([*up, *reversed(up[:-1])]) is None


# What cannot be bound


def nrpn(value: int, *, select: bool = True, kind: int = 98) -> list[tuple[int, ...]]:
    chosen = [*cc(kind + 1, 1), *cc(kind, 5)] if select else []
    return [*chosen, *cc(6, value >> 7), *cc(38, value & 127)]


def pair(coarse: int, fine: int, *, changed: bool, fine_first: bool = False) -> list[Sequence[int]]:
    """A fader in two halves, from the bottom up and some of the way down again."""
    found: list[Sequence[int]] = []
    last = None
    for value in [*range(0, 16384, 61), *range(16383, 9000, -61)]:
        high = [] if changed and last == value >> 7 else cc(coarse, last := value >> 7)
        low = cc(fine, value & 127)
        found += [*low, *high] if fine_first else [*high, *low]
    return found


SWEEP = [*range(0, 16384, 300), *range(16383, 0, -300)]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([one for value in SWEEP for one in nrpn(value)], "it sends NRPN 1:5, which rtsep"),
        ([*nrpn(0), *[one for value in SWEEP for one in nrpn(value, select=False)]], "NRPN 1:5"),
        ([one for value in SWEEP for one in nrpn(value, kind=100)], "it sends RPN 1:5, which"),
        ([*cc(98, 5), *cc(99, 1), *cc(96, *[0] * 9), *cc(97, *[0] * 9)], "it sends NRPN 1:5"),
        (pair(9, 73, changed=True), 'number = 9, mode = "14bit", fine = 73'),
        (pair(73, 9, changed=False), 'number = 73, mode = "14bit", fine = 9'),
        (pair(40, 41, changed=False, fine_first=True), "number = 40"),
        (pair(40, 72, changed=False), "number = 40"),  # 32 apart, but no halves by the standard
        (cc(9, 1, 1, 1, 1), "turn it the other way too"),
        (cc(9, 65, 65, 65, 65), "turn it the other way too"),
        (cc(9, 65, 66, 68, 66, 65, 63, 61, 62, 63), "an endless knob or a fader?"),
        (cc(7, 64, 65), "it moved too little"),
        (cc(7, 127, 0, 127, 0, 127, 0), "it only sends on and off"),
        ([(0x90, 60, 100), (0x80, 60, 0)], "it sends notes"),
        ([(0xC0, value) for value in range(9)], "it sends program changes"),
        ([(0xD0, value) for value in range(90)], "it sends aftertouch"),
        ([(0xA0, 60, value) for value in range(90)], "it sends aftertouch"),
        ([(0xE0, 0, value) for value in (*range(64, 127), *range(127, 63, -1))], "it springs back"),
        (cc(7, *[(value * 53) % 128 for value in range(60)]), "its values jump about"),
    ],
)
def test_what_is_no_fader(messages: list[Sequence[int]], why: str) -> None:
    assert why in refused("gain:1", *messages)


@pytest.mark.parametrize(
    ("action", "messages", "why"),
    [
        ("mute:1", cc(7, *range(30)), "it is a fader or a knob"),
        ("mute:1", cc(9, 1, 1, 1), "it sends 1 when it is pressed, and on begins at 64"),
        ("mute:1", cc(9, 1, 0), "it sends 1 when it is pressed"),
        ("mute:1", [(0xE0, 0, 64), (0xE0, 0, 65)], "it is a fader or a knob"),
        ("mute:1", [(0xD0, 64), (0xD0, 0)], "it sends aftertouch"),
        ("mute:1", cc(48, 127), "press it once more"),
        ("mute:1", [(0x90, 60, 100)], "press it once more"),
        ("preset:all", cc(48, 0), "only every second press"),
        ("mute:1", [*nrpn(127), *nrpn(0)], "it sends NRPN 1:5"),
    ],
)
def test_what_is_no_button(action: str, messages: list[Sequence[int]], why: str) -> None:
    assert why in refused(action, *messages)


def test_a_button_that_stays_is_told_by_its_time() -> None:
    gesture = Gesture(parse_action("mute:1"))
    gesture.add(parse((0xB0, 48, 127)), 0.0)
    assert not gesture.finished(0.6)  # it may be held
    assert gesture.finished(1.1) and gesture.binding() is None
    gesture.add(parse((0xB0, 48, 0)), 2.0)
    assert gesture.finished(2.6)
    assert told(gesture.binding()) == ("cc", 1, 48, "momentary")


def test_parameters_are_remembered_from_gesture_to_gesture() -> None:
    parameters = Parameters()
    for action in ("gain:1", "gain:2"):
        gesture = Gesture(parse_action(action), parameters=parameters)
        for message in [one for value in SWEEP for one in nrpn(value, select=action == "gain:1")]:
            gesture.add(parse(message), 0.0)
        assert gesture.finished(1.0) and gesture.binding() is None and "NRPN" in gesture.why
    ended = [*cc(101, 127), *cc(100, 127)]
    messages = [*ended, *cc(6, *range(90))]
    gesture = Gesture(parse_action("gain:3"), parameters=parameters)
    for message in messages:
        gesture.add(parse(message), 0.0)
    assert told(gesture.binding()) == ("cc", 1, 6, "absolute")


# Encoders of all kinds

SPEEDS = st.lists(st.integers(1, 40), max_size=8).map(
    lambda middle: [1, 1, *sorted(middle), *sorted(middle, reverse=True)[1:], 1]
)
WRITINGS = {
    "relative2c": lambda clicks: clicks % 128,
    "relativebo": lambda clicks: 64 + clicks,
    "relativesm": lambda clicks: clicks if clicks > 0 else 64 - clicks,
}


@settings(deadline=None)
@given(st.sampled_from(sorted(WRITINGS)), SPEEDS, SPEEDS, st.booleans())
def test_encoders_that_are_turned_fast(
    mode: str, right: list[int], left: list[int], clockwise: bool
) -> None:
    turns = [right, [-clicks for clicks in left]]
    clicks = [click for turn in (turns if clockwise else reversed(turns)) for click in turn]
    values = [WRITINGS[mode](one) for one in clicks]
    # So evenly only a fader goes.
    assume(any(abs(one - other) > 3 for one, other in pairwise(values)) or max(clicks) < 12)
    binding = moved("gain:1", *cc(9, *values))
    assert told(binding) == ("cc", 1, 9, mode)


@pytest.mark.parametrize("centre", [16, 32, 8, 100, 64])
def test_encoders_around_any_centre(centre: int) -> None:
    clicks = [1, 1, 2, 4, 3, 1, 1, -1, -1, -3, -2, -1]
    binding = moved("gain:1", *cc(112, *[centre + one for one in clicks]))
    assert binding is not None and told(binding) == ("cc", 1, 112, "relativebo")
    assert [binding.clicks(centre + one) for one in clicks] == clicks


# Beside controls that never rest


def beside(
    action: str, moves: Sequence[Sequence[int]], noise: Callable[[int], Sequence[int]], every: int
) -> tuple[str, int, int, str] | None:
    """What is learned within ten seconds, while something sends all the time."""
    gesture = Gesture(parse_action(action))
    for tick in range(1000):
        now = tick / 100
        if 100 <= tick < 100 + len(moves):
            gesture.add(parse(moves[tick - 100]), now)
        if tick % every == 0:
            gesture.add(parse(noise(tick // every)), now)
        if gesture.finished(now):
            binding = gesture.binding()
            if binding is not None:
                return told(binding)
    return None


NOISES: dict[str, Callable[[int], Sequence[int]]] = {
    "a worn fader": lambda count: (0xB0, 50, 63 + count % 2),
    "a worn fader, worse": lambda count: (0xB0, 50, 62 + count * 7 % 4),
    "a tilt sensor": lambda count: (0xB0, 50, count * 37 % 128),
    "a slow wave": lambda count: (0xB0, 50, abs(count % 254 - 127)),
    "a beat lamp": lambda count: (0x90, 99, 127 * (count % 2)),
    "a wheel": lambda count: (0xE0, count % 128, 64 + count % 2),
    "active sensing": lambda count: (0xFE,),
    "clock": lambda count: (0xF8,),
    "aftertouch": lambda count: (0xD0, count % 128),
    "an encoder that trembles": lambda count: (0xB0, 50, (65, 65, 63, 63)[count % 4]),
}
FADER = cc(7, *range(0, 128, 3), *range(127, 30, -3))
KNOB = cc(8, *[1] * 20, *[127] * 20)


@pytest.mark.parametrize("every", [1, 7, 20, 40])
@pytest.mark.parametrize("noise", sorted(NOISES))
def test_other_controls_may_chatter(noise: str, every: int) -> None:
    for action, moves, found in [
        ("gain:1", FADER, ("cc", 1, 7, "absolute")),
        ("gain:1", KNOB, ("cc", 1, 8, "relative2c")),
        ("mute:1", [(0x90, 40, 100), (0x80, 40, 0)], ("note", 1, 40, "toggle")),
    ]:
        assert beside(action, moves, NOISES[noise], every) == found


@pytest.mark.parametrize("noise", sorted(NOISES))
def test_what_chatters_alone_is_not_learned(noise: str) -> None:
    for action in ("gain:1", "mute:1"):
        assert beside(action, [], NOISES[noise], 20) is None


def test_a_worn_fader_can_be_learned_itself() -> None:
    gesture = Gesture(parse_action("gain:1"))
    for tick, value in enumerate(range(10, 110)):
        gesture.add(parse((0xB0, 7, value)), tick / 100)
    for tick in range(100, 300):
        gesture.add(parse((0xB0, 7, 109 + tick % 2)), tick / 100)
        if gesture.finished(tick / 100):
            assert told(gesture.binding()) == ("cc", 1, 7, "absolute")
            return
    pytest.fail("it never came to rest")


def test_what_sends_by_itself_is_no_button() -> None:
    gesture = Gesture(parse_action("mute:1"), restless={("note", 1, 99)})
    gesture.add(parse((0x90, 99, 127)), 0.0)
    gesture.add(parse((0x90, 99, 0)), 0.1)
    assert not gesture.finished(3.0)


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
