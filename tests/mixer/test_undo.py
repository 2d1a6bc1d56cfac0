"""Undo: one gesture at a time, whoever else moves meanwhile."""

from __future__ import annotations

import pytest
from mixer_support import STEMS

from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.history import MOST_GESTURES
from rtsep.mixer.presets import Preset


class Hands:
    """A desk, and a clock for the hands on it."""

    def __init__(self) -> None:
        own = {
            "quiet voice": Preset(
                gains_db={"vocals": -12, "piano": -3}, mute=("bass",), master_db=-2
            ),
            "acapella": Preset(solo=("vocals",)),
            "strings": Preset(gains_db={"violin": -3}),
        }
        self.desk: Desk = local_desk(STEMS, presets=own)[0]
        self.now = 0.0
        self.desk._history._clock = lambda: self.now

    def move(self, stem: str, *gains: float) -> None:
        for db in gains:
            self.now += 0.1
            self.desk.set_gain(stem, db)

    @property
    def gains(self) -> list[int]:
        return [round(fader.gain_db) for fader in self.desk.faders]


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_the_way_of_a_fader_is_one_gesture(hands: Hands) -> None:
    hands.move("drums", -1, -2, -3)
    hands.now += 2
    hands.move("drums", -4, -5)
    assert hands.desk.undo() == "gain of drums" and hands.gains == [-3, 0, 0, 0]
    assert hands.desk.undo() == "gain of drums" and hands.gains == [0, 0, 0, 0]
    with pytest.raises(ConfigError, match="there is nothing to undo"):
        hands.desk.undo()


def test_two_hands_make_two_gestures(hands: Hands) -> None:
    for db in range(-1, -20, -1):
        hands.move("drums", db)
        hands.move("bass", db)
    assert hands.desk.undo() == "gain of bass" and hands.gains == [-19, 0, 0, 0]
    assert hands.desk.undo() == "gain of drums" and hands.gains == [0, 0, 0, 0]


def test_each_press_is_a_gesture(hands: Hands) -> None:
    hands.desk.toggle_mute("bass")
    hands.desk.toggle_mute("bass")
    hands.desk.set_mute("bass", False)  # as it is already
    hands.desk.set_solo("drums", True)
    assert hands.desk.undo() == "solo of drums"
    assert hands.desk.undo() == "mute of bass" and hands.desk.fader("bass").mute
    assert hands.desk.undo() == "mute of bass" and not hands.desk.fader("bass").mute


def test_whole_balances(hands: Hands) -> None:
    desk = hands.desk
    hands.move("vocals", -7)
    desk.set_master(-1)
    desk.apply_preset("instrumental")
    desk.reset()
    desk.set_mute("drums", True)
    desk.set_mute("bass", True)
    desk.end_mutes()
    assert desk.undo() == "all mutes" and [f.mute for f in desk.faders] == [1, 1, 0, 0]
    desk.undo(), desk.undo()
    assert desk.undo() == "reset" and hands.gains == [0, 0, 0, -7] and desk.fader("vocals").mute
    assert desk.undo() == "preset instrumental" and not desk.fader("vocals").mute
    assert desk.undo() == "master" and desk.master_db == 0


def test_ones_own_presets(hands: Hands) -> None:
    desk = hands.desk
    desk.set_mute("drums", True)
    desk.set_gain("drums", -3)
    desk.apply_preset("quiet voice")
    assert hands.gains == [-3, 0, 0, -12] and round(desk.master_db) == -2
    assert [fader.mute for fader in desk.faders] == [False, True, False, False]
    assert desk.undo() == "preset quiet voice" and hands.gains == [-3, 0, 0, 0]
    assert desk.fader("drums").mute and desk.master_db == 0
    desk.apply_preset("acapella")  # mine, not everybody's
    assert [fader.solo for fader in desk.faders] == [False, False, False, True]
    assert not desk.fader("drums").mute
    assert desk.presets[-2:] == ("quiet voice", "strings")
    with pytest.raises(ConfigError, match="'strings' leaves nothing of drums, bass, other, vocals"):
        desk.apply_preset("strings")
    with pytest.raises(ConfigError, match=r"no preset 'quite voice'; did you mean quiet voice\?"):
        desk.apply_preset("quite voice")


def test_what_is_set_at_the_beginning_cannot_be_undone() -> None:
    desk, _ = local_desk(STEMS, preset="instrumental", gains_db={"drums": -3}, solo=["bass"])
    assert desk.fader("vocals").mute and desk.fader("bass").solo
    with pytest.raises(ConfigError, match="nothing to undo"):
        desk.undo()


def test_memory_is_bounded(hands: Hands) -> None:
    for _ in range(2 * MOST_GESTURES):
        hands.desk.toggle_mute("bass")
    for _ in range(MOST_GESTURES):
        hands.desk.undo()
    with pytest.raises(ConfigError):
        hands.desk.undo()
