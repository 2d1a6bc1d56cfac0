"""What moves of a controller do to the desk, and what the desk's lamps are told. No ports here."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtsep.config import STEMS_4
from rtsep.control.actions import parse_action
from rtsep.control.midi.mapping import read_map
from rtsep.control.midi.surface import AGAIN_S, MOST_AT_ONCE, QUIET_S, Surface
from rtsep.mixer.desk import Desk, local_desk

CC, NOTE_ON, NOTE_OFF, PITCH = 0xB0, 0x90, 0x80, 0xE0


class Box:
    """A controller with given bindings, a desk, and a clock that stands unless it is moved."""

    def __init__(self, *bindings: dict[str, Any], answers: bool = True, stems: Any = STEMS_4):
        self.desk: Desk
        self.desk, _ = local_desk(stems)
        self.events: list[str] = []
        self.now = 100.0
        tables = {"device": {"name": "Box"}, "bindings": list(bindings)}
        device = read_map(tables, "box")
        self.surface = Surface(device, self.desk, self.events.append, answers=answers)

    def send(self, *messages: tuple[int, ...]) -> None:
        """All of them at once, as one look at the port finds them."""
        self.surface.receive(messages, self.now)

    def travel(self, action: str = "gain:1") -> float:
        return parse_action(action).value(self.desk)

    def put(self, travel: float, action: str = "gain:1") -> None:
        """Move our fader from elsewhere."""
        parse_action(action).apply(self.desk, travel)

    def told(self, later: float = 0.0) -> list[tuple[int, ...]]:
        """The next round of feedback, after some time."""
        self.now += later
        return [tuple(message) for message in self.surface.feedback(self.now)]


def fader(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "cc", "number": number, "channel": 1, "action": "gain:1", **more}


def button(action: str = "mute:1", number: int = 32, **more: Any) -> dict[str, Any]:
    return {"type": "cc", "number": number, "channel": 1, "action": action, **more}


# Knobs of equalizers and filters


KNOBS = ["eq-low:1", "eq-mid:1", "eq-high:1", "filter:1", "master-filter"]


@pytest.mark.parametrize("action", KNOBS)
def test_a_knob_takes_over_from_the_middle_and_a_push_brings_it_back(action: str) -> None:
    push = {"type": "note", "number": 1, "channel": 1, "action": action, "mode": "trigger"}
    box = Box(fader(action=action), push)
    box.send((CC, 0, 20))
    assert box.travel(action) == 0.5, "it jumped"
    box.send((CC, 0, 63), (CC, 0, 20))
    assert box.travel(action) == pytest.approx(20 / 127)
    box.send((NOTE_ON, 1, 127))
    assert box.travel(action) == 0.5


@pytest.mark.parametrize("action", KNOBS)
def test_an_endless_knob_leaves_the_middle_and_ends_at_the_ends(action: str) -> None:
    box = Box(fader(action=action, mode="relative2c"))
    box.send((CC, 0, 1))
    assert box.travel(action) == pytest.approx(0.51)
    box.send((CC, 0, 127), (CC, 0, 127))
    assert box.travel(action) == pytest.approx(0.49)
    box.send(*[(CC, 0, 64)] * 2)
    assert box.travel(action) == 0


def test_a_knob_at_its_left_end_kills_and_a_button_gives_it_back() -> None:
    box = Box(fader(action="eq-low:vocals", takeover=False), button("kill-high:vocals"))
    box.send((CC, 0, 0), (CC, 32, 127), (CC, 32, 0))
    vocals = box.desk.fader("vocals")
    assert vocals.eq_db == (-math.inf, 0, 0) and vocals.kill == (False, False, True)
    box.send((CC, 0, 127), (CC, 32, 127), (CC, 32, 0))
    vocals = box.desk.fader("vocals")
    assert vocals.eq_db == pytest.approx((6, 0, 0)) and vocals.kill == (False,) * 3


def test_lamps_and_rings_follow_whoever_turns() -> None:
    box = Box(
        fader(action="filter:1", feedback=True), button("kill-low:1", feedback=True),
        fader(number=3, action="eq-mid:1", feedback=True),
    )  # fmt: skip
    box.told()
    box.desk.set_filter(STEMS_4[0], 1.0)
    box.desk.set_kill(STEMS_4[0], "low", True)
    box.desk.set_eq(STEMS_4[0], "mid", -math.inf)
    assert sorted(box.told()) == [(CC, 0, 127), (CC, 3, 0), (CC, 32, 127)]


# Faders and soft takeover


@pytest.mark.parametrize(("value", "travel"), [(0, 0.0), (127, 1.0), (64, 64 / 127)])
def test_a_fader_without_takeover_jumps(value: int, travel: float) -> None:
    box = Box(fader(takeover=False))
    box.send((CC, 0, value))
    assert box.travel() == pytest.approx(travel)


def test_a_fader_takes_over_where_it_crosses() -> None:
    box = Box(fader())  # ours stands at 0 dB, travel 0.8, value 101.6
    for value in (10, 60, 99):
        box.send((CC, 0, value))
        assert box.travel() == pytest.approx(0.8), "it jumped"
    box.send((CC, 0, 110))  # past it, with one big step
    assert box.travel() == pytest.approx(110 / 127)
    box.send((CC, 0, 30))
    assert box.travel() == pytest.approx(30 / 127)


@pytest.mark.parametrize("value", [101, 102])
def test_a_fader_takes_over_where_it_meets(value: int) -> None:
    box = Box(fader())
    box.send((CC, 0, value))
    assert box.travel() == pytest.approx(value / 127)


@pytest.mark.parametrize("value", [99, 104])
def test_a_fader_nearby_does_not(value: int) -> None:
    box = Box(fader())
    box.send((CC, 0, value))
    assert box.travel() == pytest.approx(0.8)


def test_takeover_begins_again_when_somebody_else_moved_the_fader() -> None:
    box = Box(fader())
    box.send((CC, 0, 101), (CC, 0, 90))
    assert box.travel() == pytest.approx(90 / 127)
    box.put(0.2)
    for value in (89, 80, 60):
        box.send((CC, 0, value))
        assert box.travel() == pytest.approx(0.2)
    box.send((CC, 0, 20))
    assert box.travel() == pytest.approx(20 / 127)


def test_a_fader_upside_down() -> None:
    box = Box(fader(invert=True, feedback=True))
    assert box.told() == [(CC, 0, 25)]  # ours stands at 0 dB
    box.send((CC, 0, 100))
    assert box.travel() == pytest.approx(27 / 127)
    box.send((CC, 0, 0))
    assert box.travel() == 1


def test_a_fader_upside_down_takes_over_where_it_crosses() -> None:
    box = Box(fader(invert=True))
    box.send((CC, 0, 110), (CC, 0, 40))
    assert box.travel() == pytest.approx(0.8), "it jumped"
    box.send((CC, 0, 20))
    assert box.travel() == pytest.approx(107 / 127)


def test_an_encoder_upside_down() -> None:
    box = Box(fader(mode="relative2c", step=0.1, invert=True))
    box.send((CC, 0, 1), (CC, 0, 1), (CC, 0, 127))
    assert box.travel() == pytest.approx(0.7)


def test_a_fader_takes_over_where_it_passed_between_two_looks() -> None:
    box = Box(fader())
    box.send((CC, 0, 10), (CC, 0, 120), (CC, 0, 20))
    assert box.travel() == pytest.approx(20 / 127)


def test_two_faders_of_one_stem_take_over_from_each_other() -> None:
    box = Box(fader(0), fader(1))
    box.send((CC, 0, 101))
    box.send((CC, 0, 50))
    box.send((CC, 1, 120))
    assert box.travel() == pytest.approx(50 / 127)
    box.send((CC, 1, 40))
    assert box.travel() == pytest.approx(40 / 127)
    box.send((CC, 0, 51))
    assert box.travel() == pytest.approx(40 / 127)


def test_a_fader_that_follows_ours_needs_no_takeover() -> None:
    for answers, travel in [(True, 10 / 127), (False, 0.8)]:
        box = Box(fader(feedback=True), answers=answers)
        box.send((CC, 0, 10))
        assert box.travel() == pytest.approx(travel), answers


@settings(deadline=None)
@given(st.lists(st.integers(0, 127), min_size=1, max_size=30), st.floats(0, 1))
def test_takeover_never_jumps_farther_than_the_hand(values: list[int], present: float) -> None:
    box = Box(fader())
    box.put(present)
    before = None
    for value in values:
        old = box.travel()
        box.send((CC, 0, value))
        moved = abs(box.travel() - old)
        hand = 0.0 if before is None else abs(value - before) / 127
        assert moved <= hand + 0.0121
        before = value


def test_silence_at_the_bottom_and_the_top() -> None:
    box = Box(fader(takeover=False), {"type": "pitch", "channel": 9, "action": "master",
                                      "takeover": False})  # fmt: skip
    box.send((CC, 0, 0), (PITCH | 8, 0, 0))
    assert box.desk.fader("drums").gain_db == -math.inf == box.desk.master_db
    box.send((CC, 0, 127), (PITCH | 8, 127, 127))
    assert box.desk.fader("drums").gain_db == pytest.approx(6) == box.desk.master_db


# Fine faders and encoders


@pytest.mark.parametrize("order", [(0, 32), (32, 0)])
def test_both_halves_in_either_order(order: tuple[int, int]) -> None:
    box = Box(fader(mode="14bit", takeover=False))
    halves = {0: 77, 32: 33}
    box.send(*[(CC, number, halves[number]) for number in order])
    assert box.travel() == pytest.approx((77 * 128 + 33) / 16383)
    halves = {0: 76, 32: 127}
    box.send(*[(CC, number, halves[number]) for number in order])
    assert box.travel() == pytest.approx((76 * 128 + 127) / 16383)


@pytest.mark.parametrize(("value", "travel"), [(0, 0), (127, 1), (64, 64 * 129 / 16383)])
def test_a_coarse_half_alone(value: int, travel: float) -> None:
    box = Box(fader(mode="14bit", takeover=False))
    box.send((CC, 0, value))
    assert box.travel() == pytest.approx(travel, abs=1e-9)


def test_a_fine_half_alone_means_nothing_yet() -> None:
    box = Box(fader(mode="14bit", takeover=False))
    box.send((CC, 32, 5))
    assert box.travel() == pytest.approx(0.8)


@pytest.mark.parametrize("order", [(0, 32), (32, 0)])
def test_halves_that_come_apart_are_never_far_off(order: tuple[int, int]) -> None:
    box = Box(fader(mode="14bit", takeover=False))
    for value in range(0, 16384, 37):
        halves = {0: value >> 7, 32: value & 127}
        for number in order:
            box.send((CC, number, halves[number]))
            assert abs(box.travel() - value / 16383) < 1.5 / 127 or value < 128
        assert box.travel() == pytest.approx(value / 16383, abs=1e-9)


@pytest.mark.parametrize("fine", [32, 64, 1])
@pytest.mark.parametrize("fine_first", [False, True])
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("step", [7, 61, 300])
def test_halves_never_go_back_on_the_way(
    fine: int, fine_first: bool, changed: bool, step: int
) -> None:
    """Each message alone, as if there were time between: our fader only rises, then only falls.
    `changed`: the coarse half is sent only when it changes."""
    box = Box(fader(mode="14bit", fine=fine, takeover=False))
    values = list(range(1000, 16384, step))
    path: list[float] = []
    last = None
    for value in [*values, *reversed(values)]:
        coarse = [] if changed and last == value >> 7 else [(CC, 0, value >> 7)]
        low, last = [(CC, fine, value & 127)], value >> 7
        for message in [*low, *coarse] if fine_first else [*coarse, *low]:
            box.send(message)
            path.append(box.travel())
        if not (fine_first and changed):
            assert path[-1] == pytest.approx(value / 16383, abs=1e-6)
        assert path[-1] == pytest.approx(value / 16383, abs=step / 16383 + 1e-6) or len(path) < 9
    turn = path.index(max(path))
    moved = path[4:]  # it may begin in the middle of a value
    ups = [one < other - 1e-9 for one, other in pairwise(moved[turn - 4 :])]
    downs = [one > other + 1e-9 for one, other in pairwise(moved[: turn - 3])]
    assert not any(ups) and not any(downs)


def test_an_encoder_around_another_centre() -> None:
    box = Box(fader(mode="relativebo", centre=16, step=0.02))
    box.put(0.5)
    box.send((CC, 0, 19))
    assert box.travel() == pytest.approx(0.56)
    box.send((CC, 0, 14))
    assert box.travel() == pytest.approx(0.52)


@pytest.mark.parametrize(
    ("mode", "right", "left"),
    [("relative2c", 3, 125), ("relativebo", 67, 61), ("relativesm", 3, 67)],
)
def test_encoders_turn_from_where_our_fader_stands(mode: str, right: int, left: int) -> None:
    box = Box(fader(mode=mode, step=0.02))
    box.put(0.5)
    box.send((CC, 0, right))
    assert box.travel() == pytest.approx(0.56)
    box.put(0.3)
    box.send((CC, 0, left), (CC, 0, left))
    assert box.travel() == pytest.approx(0.18)
    box.send(*[(CC, 0, left)] * 20)
    assert box.travel() == 0
    box.send(*[(CC, 0, right)] * 100)
    assert box.travel() == pytest.approx(1)


# A device that speaks otherwise than its map says


def test_a_device_that_says_nothing_its_map_knows_is_strange() -> None:
    box = Box(fader(takeover=False), fader(5, action="gain:6"), button())
    box.send((CC, 1, 1), (0xD0, 5), (CC, 1, 2), (NOTE_ON, 3, 3), (0xFE,), (PITCH, 0, 0), (CC, 1, 3))
    assert not box.surface.strange
    box.send((CC, 1, 4))
    assert box.surface.strange
    box.send((CC, 0, 30))  # it was another control that is not bound, after all
    assert not box.surface.strange and box.travel() == pytest.approx(30 / 127)
    box.send(*[(CC, 1, value) for value in range(100)])
    assert not box.surface.strange


def test_controls_of_stems_that_are_not_there_are_known_too() -> None:
    box = Box(fader(action="gain:6"), button())
    box.send(*[(CC, 0, value) for value in range(100)])
    assert not box.surface.strange


@pytest.mark.parametrize("mode", ["relative2c", "relativebo", "relativesm"])
def test_positions_are_no_clicks(mode: str) -> None:
    """A knob of a Mackie Control says by how much it turned; other devices say where it is."""
    start = 100 if mode == "relativebo" else 30
    box = Box(fader(mode=mode))
    box.send(*[(CC, 0, value) for value in range(start, start + 20)])
    assert box.surface.strange and box.travel() == pytest.approx(0.8)
    box = Box(fader(mode=mode))
    box.send((CC, 0, 65 if mode == "relativebo" else 1), (CC, 0, start))  # turned faster and faster
    assert not box.surface.strange and box.travel() > 0.9


# Buttons


def test_buttons() -> None:
    box = Box(
        button("mute:2", 32),
        button("solo:2", 33, mode="momentary"),
        button("preset:acapella", 34),
        {"type": "note", "number": 1, "action": "record"},
        {"type": "program", "number": 2, "action": "bypass"},
        {"type": "note", "number": 3, "action": "gain:1"},
    )
    bass = lambda: box.desk.fader("bass")  # noqa: E731
    box.send((CC, 32, 127), (CC, 32, 0))
    assert bass().mute
    box.send((CC, 32, 127))
    assert not bass().mute
    box.send((CC, 32, 0))
    assert not bass().mute
    box.send((CC, 33, 127))
    assert bass().solo
    box.send((CC, 33, 0))
    assert not bass().solo
    box.send((CC, 34, 127), (CC, 34, 0))
    assert [one.mute for one in box.desk.faders] == [True, True, True, False]
    box.send((NOTE_ON | 7, 1, 1), (NOTE_OFF | 7, 1, 64))  # of any channel, and softly
    assert box.desk.recording
    box.send((NOTE_ON, 1, 127), (NOTE_ON, 1, 0))
    assert not box.desk.recording
    box.send((0xC0, 2))
    assert box.desk.bypass
    box.put(0.1)
    box.send((NOTE_ON, 3, 100))
    assert box.desk.fader("drums").gain_db == pytest.approx(0)
    assert box.events == []


def test_a_knob_that_is_refused_is_told_once() -> None:
    """Of headphones that are not there; a button says so with each press."""
    box = Box(
        {"type": "cc", "number": 1, "action": "cue-mix", "takeover": False},
        button("pfl:1", 32),
    )
    for value in range(100):
        box.send((CC, 1, value))
        box.now += 0.01
    assert box.events == ["cue-mix: this session has no cue; start it with --cue 3-4"]
    box.now += AGAIN_S
    box.send((CC, 1, 7))
    assert len(box.events) == 2
    for _ in range(3):
        box.send((CC, 32, 127), (CC, 32, 0))
    assert len(box.events) == 5
    box.desk.plug_cue((2, 3))
    box.send((CC, 1, 127), (CC, 32, 127))
    assert box.desk.cue_mix == 1 and box.desk.pfl("drums") and len(box.events) == 5


def test_what_the_desk_refuses_is_told_and_nothing_else_suffers() -> None:
    box = Box(button("preset:drums only"), fader(takeover=False), stems=("lead", "choir"))
    box.send((CC, 32, 127), (CC, 0, 5), (CC, 32, 127))
    assert box.travel() == pytest.approx(5 / 127)
    assert (
        box.events == ["preset:drums only: preset 'drums only' leaves nothing of lead, choir"] * 2
    )


def test_only_what_is_bound_moves() -> None:
    box = Box(fader(takeover=False), button())
    changes = box.desk.changes
    box.send((CC | 1, 0, 5), (CC, 1, 5), (NOTE_ON, 0, 5), (PITCH, 0, 5), (0xF8,), (), (CC, 0))
    assert box.desk.changes == changes


def test_stems_that_are_not_there_are_left_out() -> None:
    box = Box(fader(action="gain:5", feedback=True), button("mute:piano", feedback=True), fader(1))
    box.send((CC, 0, 5), (CC, 32, 127))
    assert box.told() == [] and box.events == []


def test_of_a_flood_only_the_last_move_counts_and_buttons_keep_their_place() -> None:
    box = Box(fader(takeover=False), button("reset"))
    changes = box.desk.changes
    box.send(*[(CC, 0, value % 128) for value in range(10_000)])
    assert box.desk.changes == changes + 1
    assert box.travel() == pytest.approx((9999 % 128) / 127)
    box.send((CC, 0, 20), (CC, 32, 127), (CC, 32, 0), (CC, 0, 30))
    assert box.travel() == pytest.approx(30 / 127)
    box.send((CC, 0, 20), (CC, 32, 127), (CC, 32, 0))
    assert box.travel() == pytest.approx(0.8)


# Feedback


def test_the_first_round_shows_everything_and_then_only_news() -> None:
    box = Box(
        button("mute:1", 1, feedback=True),
        button("mute:2", 2, feedback={"type": "note", "number": 60, "off": 12, "on": 15}),
        fader(3, feedback=True),
        {"type": "pitch", "channel": 9, "action": "master", "feedback": True},
        fader(4, action="gain:2", mode="14bit", feedback=True),
        button("solo:1", 5),
    )
    top = 0.8 * 16383
    assert box.told() == [
        (CC, 1, 0),
        (NOTE_ON, 60, 12),
        (CC, 3, 102),
        (PITCH | 8, round(top) & 127, round(top) >> 7),
        (CC, 4, round(top) >> 7),
        (CC, 36, round(top) & 127),
    ]
    assert box.told(1.0) == []
    box.desk.set_mute("bass", True)
    assert box.told() == [(NOTE_ON, 60, 15)]
    box.desk.reset()
    box.desk.set_solo("drums", True)
    assert box.told() == [(NOTE_ON, 60, 12)]


def test_without_an_output_nothing_is_said() -> None:
    box = Box(button(feedback=True), fader(feedback=True), answers=False)
    assert box.told() == [] and box.surface.dark() == []


def test_a_fader_is_left_alone_while_it_is_moved() -> None:
    box = Box(fader(feedback=True))
    box.told()
    box.send((CC, 0, 50))
    assert box.told(QUIET_S / 2) == []
    box.send((CC, 0, 40))
    assert box.told(QUIET_S * 0.9) == []
    assert box.told(QUIET_S * 0.2) == [(CC, 0, 40)]  # a motor holds where it was sent last
    assert box.told(1.0) == []


def test_an_endless_encoder_sees_its_ring_move_at_once() -> None:
    box = Box(fader(mode="relative2c", step=0.1, feedback={"number": 48, "off": 33, "on": 43}))
    assert box.told() == [(CC, 48, 41)]
    box.send((CC, 0, 127))
    assert box.told() == [(CC, 48, 40)]


def test_others_are_told_of_a_move_at_once() -> None:
    box = Box(fader(0, feedback=True), fader(1, feedback=True))
    box.told()
    box.send((CC, 0, 50))
    assert box.told() == [(CC, 1, 50)]


def test_a_lamp_is_told_again_after_its_button_was_pressed_and_released() -> None:
    # Some buttons light up by themselves while they are held.
    box = Box(button(feedback=True))
    box.told()
    box.send((CC, 32, 127))
    assert box.told() == [(CC, 32, 127)]
    box.send((CC, 32, 0))
    assert box.told() == [(CC, 32, 127)]
    assert box.told(1.0) == []


def test_feedback_comes_in_portions_and_everybody_has_a_turn() -> None:
    many = [button("mute:1", number, feedback=True) for number in range(100)]
    box = Box(*many)
    heard = []
    for _ in range(7):
        portion = box.told(0.02)
        assert len(portion) <= MOST_AT_ONCE
        heard += portion
    assert sorted(heard) == [(CC, number, 0) for number in range(100)]
    spoken = set()
    for round_ in range(20):  # news without end
        box.desk.set_mute("drums", round_ % 2 == 0)
        spoken |= {message[1] for message in box.told(0.02)}
    assert spoken == set(range(100))


def test_lamps_go_out_and_faders_stay() -> None:
    box = Box(button(feedback={"off": 12, "on": 15}), fader(feedback=True))
    assert [tuple(message) for message in box.surface.dark()] == [(CC, 32, 12)]
