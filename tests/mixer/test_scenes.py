"""Scenes and fades: a mix comes back, without a step on the way, and yields to hands."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import LONGEST, RATE, STEMS, largest_step, mixed

from rtsep.config import STEMS_6
from rtsep.errors import ConfigError
from rtsep.mixer.control import Control, Mix, audible
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.fade import Fade
from rtsep.mixer.faders import RAMP_SECONDS, Faders
from rtsep.mixer.scenes import SCENES, checked_scene, mix_of, scene_of
from rtsep.ring.arena import Arena

STEEPEST = 1 - math.exp(-1 / (RAMP_SECONDS * RATE))  # of a ramp, as a share of its way
GAINS = st.one_of(st.just(0.0), st.floats(1e-3, 1.99))
STATES = st.tuples(
    st.lists(GAINS, min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    GAINS,
)
State = tuple[list[float], list[bool], list[bool], float]


class WithFilter(Control):
    """A control block of some later day: fields of which scenes and gestures were told nothing."""

    def __init__(self, arena: Arena, stems: int) -> None:
        super().__init__(arena, stems)
        self.cutoff = arena.take(stems, np.float64)
        self.bands = arena.take((3, stems), np.float64)
        self.slope = arena.take(1, np.int64)


@pytest.fixture
def later() -> tuple[Desk, WithFilter]:
    control = WithFilter(Arena(bytearray(4096)), 4)
    control.reset()
    return Desk(STEMS, control), control


def put(control: Control, state: State) -> None:
    control.gain[:], control.mute[:], control.solo[:], control.master[:] = state


def as_mix(state: State, like: Mix) -> Mix:
    gain, mute, solo, master = (np.array(part, dtype=None) for part in state)
    return like | {"gain": gain, "mute": mute, "solo": solo, "master": master.reshape(1)}


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


@settings(max_examples=50, deadline=None)
@given(first=STATES, then=STATES)
def test_a_scene_brings_everything_back(first: State, then: State) -> None:
    desk, control = local_desk(STEMS)
    put(control, first)
    kept = {name: field.copy() for name, field in control.mix.items()}
    desk.store_scene(3)
    put(control, then)
    desk.recall_scene(3, 0)
    for name, field in control.mix.items():
        np.testing.assert_array_equal(field, kept[name])
    if first != then:
        desk.undo()
    np.testing.assert_array_equal(control.gain, then[0])
    np.testing.assert_array_equal(control.mute, then[1])
    assert desk.scenes == (3,)


def test_what_belongs_to_the_session_stays() -> None:
    desk, _ = local_desk(STEMS)
    desk.store_scene(1)
    desk.set_recording(True)
    desk.set_bypass(True)
    desk.set_policy("dry")
    desk.set_limiter(False)
    desk.recall_scene(1, 0)
    assert desk.recording and desk.bypass and desk.policy == "dry"
    assert desk.limiter
    desk.undo()
    assert desk.recording and not desk.limiter


def test_fields_that_are_added_belong_to_scenes_and_gestures(
    later: tuple[Desk, WithFilter],
) -> None:
    desk, control = later
    control.bands[:, 2] = [0.1, 0.2, 0.3]
    control.slope[0] = 24
    desk.store_scene(1)
    desk._write(control.cutoff, 1, 800.0)
    desk._write(control.bands, (1, 2), 0.9)
    desk._write(control.slope, 0, 12)
    desk.recall_scene(1, 0)
    assert control.cutoff.tolist() == [0, 0, 0, 0] and control.slope.tolist() == [24]
    assert control.bands[:, 2].tolist() == [0.1, 0.2, 0.3]
    assert [desk.undo() for _ in range(4)] == [
        "scene 1",
        "slope",
        "bands of other",
        "cutoff of bass",
    ]
    assert not control.cutoff.any() and control.bands[:, 2].tolist() == [0.1, 0.2, 0.3]


def test_other_stems_take_what_is_meant_for_them() -> None:
    desk, _ = local_desk(STEMS, gains_db={"vocals": -6, "bass": -12}, mute=["drums"])
    desk.set_master(-3)
    six, control = local_desk(STEMS_6, gains_db={"piano": -20}, mute=["guitar"])
    scene = json.loads(json.dumps(scene_of(desk._settled(), STEMS)))
    six.keep_scenes({5: checked_scene(scene)}, lambda number, scene: None, 0)
    six.recall_scene(5)
    gains = {fader.stem: round(fader.gain_db) for fader in six.faders}
    assert gains == {
        "drums": 0, "bass": -12, "other": 0, "vocals": -6, "guitar": 0, "piano": -20
    }  # fmt: skip
    assert {fader.stem for fader in six.faders if fader.mute} == {"drums", "guitar"}
    assert six.master_db == pytest.approx(-3)
    assert control.gain.dtype == np.float64


@pytest.mark.parametrize(
    "nonsense",
    [
        None, 3, {}, {"stems": {}}, {"stems": {}, "desk": []}, {"stems": {"drums": 3}, "desk": {}},
        {"stems": {}, "desk": {"master": "loud"}}, {"stems": {}, "desk": {"master": math.nan}},
        {"stems": {}, "desk": {"master": [[1], 2]}}, {"stems": {}, "desk": {"master": None}},
    ],
)  # fmt: skip
def test_what_is_no_scene_is_refused(nonsense: object) -> None:
    with pytest.raises(ValueError):
        checked_scene(nonsense)


def test_a_scene_from_a_file_is_not_louder_than_a_fader() -> None:
    desk, control = local_desk(STEMS)
    scene = {"stems": {"drums": {"gain": 1e6, "mute": [1, 2]}}, "desk": {"master": [-4]}}
    mix = mix_of(checked_scene(scene), desk._settled(), STEMS)
    assert mix["gain"].max() == pytest.approx(10**0.3) and mix["master"][0] == 0
    assert not mix["mute"].any() and control.gain.tolist() == [1, 1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(
    before=STATES, goal=STATES, seconds=st.sampled_from([0.001, 0.1, 0.7]),
    blocks=st.lists(st.integers(1, LONGEST), min_size=1, max_size=5),
)  # fmt: skip
def test_a_fade_goes_straight_there_and_no_faster_than_the_ramps(
    before: State, goal: State, seconds: float, blocks: list[int]
) -> None:
    """Every stem's gain lies between where it was heard and where it will be, also between mute and
    gain; and the sound has no step that a ramp would not make on that way."""
    desk, control = local_desk(STEMS)
    desk.set_limiter(False)
    put(control, before)
    wanted = as_mix(goal, {name: field.copy() for name, field in control.mix.items()})
    faders = Faders(control, 4, 2, RATE, LONGEST)
    faders.settle()
    old, new = (
        np.array(gain) * audible(np.array(mute), np.array(solo))
        for gain, mute, solo, _ in (before, goal)
    )
    stems = np.full((4, 2, LONGEST), 0.1, np.float32)
    clock, heard = count(step=0.01), []
    for number, _ in enumerate(Fade(control, wanted).run(seconds, lambda: next(clock))):
        block = stems[..., : blocks[number % len(blocks)]]
        heard.append(mixed(faders, block, block.sum(0)))
        assert np.all(faders.gains >= np.minimum(old, new) - 1e-9)
        assert np.all(faders.gains <= np.maximum(old, new) + 1e-9)
    heard.append(mixed(faders, np.tile(stems, 10), np.tile(stems, 10).sum(0)))
    for name, field in control.mix.items():
        np.testing.assert_array_equal(field, wanted[name])
    sound = np.concatenate(heard, 1)
    louder = max(before[3], goal[3])
    most = 0.1 * (np.abs(new - old).sum() * louder + abs(goal[3] - before[3]) * 8)
    assert largest_step(sound) <= STEEPEST * most + 1e-6


def test_a_fade_takes_its_time_and_ends_exactly() -> None:
    desk, control = local_desk(STEMS, gains_db={"drums": -20}, mute=["vocals"])
    desk.store_scene(1)
    desk.reset()
    desk.recall_scene(1, 0.3)
    wait_until(lambda: -19 < desk.fader("drums").gain_db < -1)
    assert not desk.fader("vocals").mute and desk.fader("vocals").gain_db < 0  # on its way down
    changes = desk.changes
    wait_until(lambda: desk.fader("vocals").mute and desk.fader("vocals").gain_db == 0)
    assert desk.fader("drums").gain_db == pytest.approx(-20) and desk.changes > changes
    assert control.gain[0] == 10**-1


def test_a_hand_wins_its_fader_and_no_other() -> None:
    desk, _ = local_desk(STEMS, gains_db={"drums": -20, "bass": -20}, mute=["vocals"])
    desk.store_scene(1)
    desk.reset()
    desk.recall_scene(1, 0.2)
    wait_until(lambda: desk.fader("drums").gain_db < -1)
    desk.set_gain("drums", 3)
    desk.set_gain("vocals", -1)
    wait_until(lambda: desk.fader("bass").gain_db == pytest.approx(-20))
    wait_until(lambda: desk._fade is None)
    assert desk.fader("drums").gain_db == pytest.approx(3)
    assert desk.fader("vocals").gain_db == pytest.approx(-1) and not desk.fader("vocals").mute
    assert desk.undo() == "gain of vocals" and desk.undo() == "gain of drums"
    assert desk.fader("drums").gain_db == pytest.approx(-20)  # as the scene would have it
    assert desk.undo() == "scene 1"
    assert [fader.gain_db for fader in desk.faders] == [0, 0, 0, 0]


def test_a_stem_that_is_unmuted_by_hand_is_heard_as_loud_as_the_scene_has_it() -> None:
    """It does not go on towards silence, to leap up at the end."""
    desk, control = local_desk(STEMS, gains_db={"bass": -20}, mute=["vocals"])
    wanted = {name: field.copy() for name, field in control.mix.items()}
    desk.reset()
    clock, heard = count(step=0.01), []
    desk._fade = Fade(control, wanted)
    for step, _ in enumerate(desk._fade.run(0.5, lambda: next(clock))):
        if step == 20:
            desk.toggle_mute("vocals")
            desk.toggle_mute("vocals")
        heard.append(control.gain[3] * audible(control.mute, control.solo)[3])
    assert heard[19] < 0.7 and heard[22:] == [1.0] * len(heard[22:])
    assert control.gain[1] == 10**-1 and not control.mute[3]


def test_a_preset_or_a_reset_ends_a_fade_where_it_was_going() -> None:
    desk, _ = local_desk(STEMS, gains_db={"drums": -20, "bass": 3}, mute=["vocals"])
    desk.store_scene(1)
    desk.reset()
    desk.recall_scene(1, 30)
    desk.apply_preset("all")
    assert [round(fader.gain_db) for fader in desk.faders] == [-20, 3, 0, 0]
    assert all(fader.audible for fader in desk.faders) and desk._fade is None
    assert desk.undo() == "preset all" and desk.fader("vocals").mute
    desk.recall_scene(1, 30)  # there already
    desk.reset()
    assert desk.undo() == "reset" and desk.fader("drums").gain_db == pytest.approx(-20)


def test_undo_ends_a_fade() -> None:
    desk, _ = local_desk(STEMS, gains_db={"drums": -20}, mute=["vocals"], solo=["bass"])
    desk.store_scene(1)
    desk.reset()
    desk.recall_scene(1, 0.3)
    wait_until(lambda: desk.fader("drums").gain_db < -1)
    assert desk.undo() == "scene 1" and desk._fade is None
    assert all(fader.gain_db == 0 and fader.audible for fader in desk.faders)


def test_another_scene_goes_on_from_where_the_fade_is() -> None:
    desk, _ = local_desk(STEMS, gains_db={"drums": -20})
    desk.store_scene(1)
    desk.set_gain("drums", -40)
    desk.store_scene(2)
    desk.reset()
    desk.recall_scene(1, 30)
    desk.store_scene(3)  # what it will be, not the middle of a fade
    desk.recall_scene(2, 0.1)
    wait_until(lambda: desk._fade is None)
    assert desk.fader("drums").gain_db == pytest.approx(-40)
    desk.undo()
    assert desk.fader("drums").gain_db == pytest.approx(-20)
    desk.set_gain("drums", 0)
    desk.recall_scene(3, 0)
    assert desk.fader("drums").gain_db == pytest.approx(-20)


def test_a_scene_in_a_few_words() -> None:
    desk, _ = local_desk(STEMS, gains_db={"drums": -6, "other": -math.inf}, mute=["vocals"])
    desk.set_solo("vocals", True)
    assert desk.scene_told(1) == ""
    desk.store_scene(1)
    assert desk.scene_told(1) == "drums -6.0, other -inf, vocals mute solo"
    desk.reset()
    desk.store_scene(2)
    assert desk.scene_told(2) == "all stems at 0 dB"


def test_what_there_is_not() -> None:
    desk, _ = local_desk(STEMS)
    for number in (0, 9, -1):
        with pytest.raises(ConfigError, match=f"scenes are numbered 1 to 8, got {number}"):
            desk.store_scene(number)
        with pytest.raises(ConfigError, match="scenes are numbered"):
            desk.recall_scene(number)
    with pytest.raises(ConfigError, match="scene 4 is empty; store the faders there first"):
        desk.recall_scene(4)
    desk.store_scene(4)
    for seconds in (-1, 61, math.nan, math.inf):
        with pytest.raises(ConfigError, match="a fade takes 0 to 60 seconds, got"):
            desk.recall_scene(4, seconds)
    assert list(SCENES) == [1, 2, 3, 4, 5, 6, 7, 8]
