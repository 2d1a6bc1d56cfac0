"""A desk does what it is told, refuses what makes no sense, and says how it stands."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import pytest
from mixer_support import STEMS

from rtsep.config import POLICIES
from rtsep.errors import ConfigError
from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk, local_desk, preset_desk
from rtsep.mixer.presets import PRESETS
from rtsep.ring.arena import Arena


@pytest.fixture
def desk() -> Desk:
    return local_desk(STEMS)[0]


def audible(desk: Desk) -> str:
    return "".join(fader.stem[0] for fader in desk.faders if fader.audible)


def test_a_new_desk_is_at_unity(desk: Desk) -> None:
    assert desk.stems == STEMS and [fader.stem for fader in desk.faders] == list(STEMS)
    assert all(fader.gain_db == 0 and not fader.mute and not fader.solo for fader in desk.faders)
    assert audible(desk) == "dbov" and desk.master_db == 0
    assert desk.limiter and not desk.bypass and not desk.recording and desk.policy == "hold"


@pytest.mark.parametrize("db", [-math.inf, -60, 0, 6])
def test_gains_are_kept(desk: Desk, db: float) -> None:
    desk.set_gain("bass", db)
    desk.set_master(db)
    assert desk.fader("bass").gain_db == pytest.approx(db)
    assert desk.master_db == pytest.approx(db)
    assert desk.fader("drums").gain_db == 0


@pytest.mark.parametrize("db", [6.001, 60, math.inf, math.nan])
def test_gains_out_of_range(desk: Desk, db: float) -> None:
    with pytest.raises(ConfigError, match=rf"gain of bass must be -inf to \+6 dB, got {db}"):
        desk.set_gain("bass", db)
    with pytest.raises(ConfigError, match="gain of the master"):
        desk.set_master(db)
    assert desk.fader("bass").gain_db == desk.master_db == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.set_gain("piano", 0),
        lambda desk: desk.set_mute("piano", True),
        lambda desk: desk.set_solo("piano", True),
        lambda desk: desk.toggle_mute("piano"),
        lambda desk: desk.toggle_solo("piano"),
        lambda desk: desk.fader("piano"),
    ],
)
def test_unknown_stems(desk: Desk, act: Callable[[Desk], object]) -> None:
    with pytest.raises(ConfigError, match="no stem 'piano'; this model has drums, bass, other"):
        act(desk)
    assert desk.changes == 0


def test_mute_and_solo(desk: Desk) -> None:
    desk.set_mute("bass", True)
    assert audible(desk) == "dov"
    desk.set_solo("bass", True)  # a mute wins over its solo
    assert audible(desk) == ""
    desk.toggle_mute("bass")
    desk.toggle_solo("vocals")
    assert audible(desk) == "bv"
    desk.toggle_solo("vocals")
    desk.set_solo("bass", False)
    assert audible(desk) == "dbov"


def test_switches(desk: Desk) -> None:
    desk.set_bypass(True)
    desk.set_limiter(False)
    desk.set_recording(True)
    assert desk.bypass and not desk.limiter and desk.recording
    for policy in POLICIES:
        desk.set_policy(policy)
        assert desk.policy == policy
    with pytest.raises(ConfigError, match="one of hold, dry, silence, instant, got 'loop'"):
        desk.set_policy("loop")


@pytest.mark.parametrize(
    ("preset", "heard"),
    [("all", "dbov"), ("acapella", "v"), ("instrumental", "dbo"), ("no drums", "bov"),
     ("no bass", "dov"), ("drums only", "d"), ("drums + bass", "db")],
)  # fmt: skip
def test_presets(desk: Desk, preset: str, heard: str) -> None:
    desk.set_gain("vocals", -12)
    desk.set_mute("drums", True)
    desk.set_solo("other", True)
    desk.apply_preset(preset)
    assert audible(desk) == heard
    assert desk.fader("vocals").gain_db == pytest.approx(-12)


def test_every_preset_is_tried(desk: Desk) -> None:
    for preset in PRESETS:
        desk.apply_preset(preset)
        assert audible(desk)


def test_presets_that_do_not_fit(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="no preset 'karaoke'; there are all, acapella"):
        desk.apply_preset("karaoke")
    strings = local_desk(("violin", "cello"))[0]
    with pytest.raises(ConfigError, match="'acapella' leaves nothing of violin, cello"):
        strings.apply_preset("acapella")
    assert desk.changes == strings.changes == 0


def test_reset_leaves_the_master_alone(desk: Desk) -> None:
    desk.set_gain("bass", -6)
    desk.set_mute("drums", True)
    desk.set_solo("other", True)
    desk.set_master(-3)
    desk.reset()
    assert audible(desk) == "dbov" and desk.fader("bass").gain_db == 0
    assert desk.master_db == pytest.approx(-3)


def test_every_change_counts(desk: Desk) -> None:
    acts: list[Callable[[], None]] = [
        lambda: desk.set_gain("bass", 1),
        lambda: desk.set_mute("bass", True),
        lambda: desk.toggle_solo("bass"),
        lambda: desk.set_master(-1),
        lambda: desk.set_bypass(True),
        lambda: desk.set_policy("dry"),
        lambda: desk.apply_preset("all"),
        desk.reset,
    ]
    for number, act in enumerate(acts, 1):
        act()
        assert desk.changes == number


class SlowSwitches(list[bool]):
    """Between reading one and acting on it there is time for others."""

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        value = super().__getitem__(index)
        time.sleep(0.005)
        return value


def test_two_controls_that_press_at_once() -> None:
    """Two presses of a button, however they fall, leave it as it was."""
    desk, control = local_desk(STEMS)
    control.mute = switches = SlowSwitches([False] * 4)  # type: ignore[assignment]
    threads = [threading.Thread(target=desk.toggle_mute, args=("bass",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.changes == 2 and not any(switches)


def test_a_desk_moves_what_the_callback_sees() -> None:
    buffer = bytearray(1024)
    ours, theirs = Control(Arena(buffer), 4), Control(Arena(buffer), 4)
    ours.reset()
    desk = Desk(STEMS, ours)
    desk.set_gain("bass", -20)
    desk.set_policy("silence")
    assert theirs.gain == pytest.approx([1, 0.1, 1, 1]) and theirs.policy[0] == 2
    assert theirs.limiter[0] and theirs.master[0] == 1


def test_a_desk_is_set_as_told() -> None:
    desk, _ = local_desk(STEMS, gains_db={"bass": -6}, mute=["drums"], solo=["drums", "vocals"])
    assert audible(desk) == "v" and desk.fader("bass").gain_db == pytest.approx(-6)
    with pytest.raises(ConfigError):
        preset_desk(desk, gains_db={"bass": 7}, mute=(), solo=())
    with pytest.raises(ConfigError):
        local_desk(STEMS, solo=["piano"])


@pytest.mark.parametrize("count", [1, 6, 40])
def test_any_number_of_stems(count: int) -> None:
    names = [str(number) for number in range(count)]
    desk, control = local_desk(names, solo=names[-1:])
    assert len(control.gain) == count and desk.faders[-1].audible
