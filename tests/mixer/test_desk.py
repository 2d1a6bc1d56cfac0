"""A desk does what it is told, refuses what makes no sense, and says how it stands."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from mixer_support import STEMS

from rtsep.config import POLICIES
from rtsep.errors import ConfigError
from rtsep.mixer.control import BANDS, Control
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


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("db", [-math.inf, -60, 0, 6])
def test_bands_are_kept(desk: Desk, band: str, db: float) -> None:
    desk.set_eq("bass", band, db)
    levels = [0.0, 0.0, 0.0]
    levels[BANDS.index(band)] = db
    assert desk.fader("bass").eq_db == pytest.approx(levels)
    assert desk.fader("drums").eq_db == (0, 0, 0) and desk.fader("bass").gain_db == 0


def test_a_killed_band_keeps_its_level(desk: Desk) -> None:
    desk.set_eq("bass", "mid", -6)
    desk.set_kill("bass", "mid", True)
    desk.toggle_kill("bass", "high")
    bass = desk.fader("bass")
    assert bass.kill == (False, True, True) and bass.eq_db == pytest.approx((0, -6, 0))
    desk.toggle_kill("bass", "high")
    assert desk.fader("bass").kill == (False, True, False)
    assert desk.fader("vocals").kill == (False, False, False)


@pytest.mark.parametrize("knob", [-1, -0.5, 0, 1])
def test_filters_are_kept(desk: Desk, knob: float) -> None:
    desk.set_filter("bass", knob)
    desk.set_master_filter(-knob)
    assert desk.fader("bass").filter == knob and desk.master_filter == -knob
    assert desk.fader("drums").filter == 0


@pytest.mark.parametrize("knob", [-1.001, 1.001, math.inf, math.nan])
def test_knobs_out_of_range(desk: Desk, knob: float) -> None:
    with pytest.raises(ConfigError, match=rf"filter of bass must be -1 .* is none, got {knob}"):
        desk.set_filter("bass", knob)
    with pytest.raises(ConfigError, match="filter of the master"):
        desk.set_master_filter(knob)
    with pytest.raises(ConfigError, match="gain of the low band of bass must be -inf to"):
        desk.set_eq("bass", "low", 6 + abs(knob))
    with pytest.raises(ConfigError, match="no band 'treble'; there are low, mid, high"):
        desk.set_eq("bass", "treble", 0)
    with pytest.raises(ConfigError, match="no band 'Low'"):
        desk.set_kill("bass", "Low", True)
    assert desk.changes == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.set_gain("piano", 0),
        lambda desk: desk.set_eq("piano", "low", 0),
        lambda desk: desk.set_kill("piano", "low", True),
        lambda desk: desk.toggle_kill("piano", "low"),
        lambda desk: desk.set_filter("piano", 0),
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
    desk.set_eq("bass", "low", -6)
    desk.set_kill("vocals", "high", True)
    desk.set_filter("drums", 0.5)
    desk.set_master_filter(0.5)
    desk.reset()
    assert audible(desk) == "dbov" and desk.fader("bass").gain_db == 0
    for fader in desk.faders:
        assert fader.eq_db == (0, 0, 0) and not any(fader.kill) and fader.filter == 0
    assert desk.master_db == pytest.approx(-3) and desk.master_filter == 0.5


def test_every_change_counts(desk: Desk) -> None:
    acts: list[Callable[[], None]] = [
        lambda: desk.set_gain("bass", 1),
        lambda: desk.set_mute("bass", True),
        lambda: desk.toggle_solo("bass"),
        lambda: desk.set_master(-1),
        lambda: desk.set_bypass(True),
        lambda: desk.set_policy("dry"),
        lambda: desk.apply_preset("all"),
        lambda: desk.set_eq("bass", "low", 1),
        lambda: desk.toggle_kill("bass", "low"),
        lambda: desk.set_filter("bass", 1),
        lambda: desk.set_master_filter(1),
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
    buffer = bytearray(2048)
    ours, theirs = Control(Arena(buffer), 4), Control(Arena(buffer), 4)
    ours.reset()
    desk = Desk(STEMS, ours)
    desk.set_gain("bass", -20)
    desk.set_policy("silence")
    desk.set_eq("bass", "high", -20)
    desk.set_kill("vocals", "low", True)
    desk.set_filter("drums", -0.5)
    desk.set_master_filter(0.5)
    assert theirs.eq[2] == pytest.approx([1, 0.1, 1, 1]) and (theirs.eq[:2] == 1).all()
    assert np.argwhere(theirs.kill).tolist() == [[0, 3]]
    assert theirs.filter.tolist() == [-0.5, 0, 0, 0] and theirs.master_filter[0] == 0.5
    assert theirs.gain == pytest.approx([1, 0.1, 1, 1]) and theirs.policy[0] == 2
    assert theirs.limiter[0] and theirs.master[0] == 1


def test_a_desk_is_set_as_told() -> None:
    desk, _ = local_desk(STEMS, gains_db={"bass": -6}, mute=["drums"], solo=["drums", "vocals"])
    assert audible(desk) == "v" and desk.fader("bass").gain_db == pytest.approx(-6)
    with pytest.raises(ConfigError):
        preset_desk(desk, gains_db={"bass": 7}, mute=(), solo=(), eq_db={}, filters={})
    with pytest.raises(ConfigError):
        local_desk(STEMS, solo=["piano"])
    desk, _ = local_desk(STEMS, eq_db={"bass": (-6, 0, 3)}, filters={"bass": -1, "mix": 0.5})
    assert desk.fader("bass").eq_db == pytest.approx((-6, 0, 3))
    assert desk.fader("bass").filter == -1 and desk.master_filter == 0.5
    with pytest.raises(ConfigError, match="no stem 'piano'"):
        local_desk(STEMS, filters={"piano": 0})


@pytest.mark.parametrize("count", [1, 6, 40])
def test_any_number_of_stems(count: int) -> None:
    names = [str(number) for number in range(count)]
    desk, control = local_desk(names, solo=names[-1:])
    assert len(control.gain) == count and desk.faders[-1].audible
