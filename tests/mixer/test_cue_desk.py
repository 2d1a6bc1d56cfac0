"""What hands do to headphones is kept, checked, and never a part of the mix."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from mixer_support import STEMS

from rtsep.errors import ConfigError
from rtsep.mixer.cue_desk import CueSettings
from rtsep.mixer.desk import Desk, local_desk

State = tuple[object, ...]


@pytest.fixture
def desk() -> Desk:
    made = local_desk(STEMS)[0]
    made.plug_cue((2, 3))
    return made


def state(desk: Desk) -> State:
    stems = [stem for stem in STEMS if desk.pfl(stem)]
    volume = round(desk.cue_volume_db, 6)
    return stems, desk.pfl_input, desk.cue_mix, volume, desk.cue_split


AT_FIRST: State = ([], False, 0.0, 0.0, False)


def all_of_it(desk: Desk) -> State:
    desk.set_pfl("bass", True)
    desk.set_pfl("vocals", True)
    desk.set_pfl_input(True)
    desk.set_cue_mix(0.25)
    desk.set_cue_volume(-6)
    desk.set_cue_split(True)
    return state(desk)


def test_what_is_set_is_kept(desk: Desk) -> None:
    assert state(desk) == AT_FIRST
    changes = desk.changes
    assert all_of_it(desk) == (["bass", "vocals"], True, 0.25, -6.0, True)
    assert desk.changes == changes + 6  # and displays see it
    desk.end_pfl()
    assert state(desk) == ([], False, 0.25, -6.0, True)


def test_neither_scenes_nor_presets_nor_a_reset_nor_undo_touch_it(desk: Desk) -> None:
    desk.keep_scenes({}, lambda number, scene: None, 0)
    desk.set_pfl("drums", True)
    desk.store_scene(1)
    desk.set_gain("bass", -3)
    kept = all_of_it(desk)
    for act in (lambda: desk.recall_scene(1), lambda: desk.apply_preset("acapella"), desk.reset):
        act()
        assert state(desk) == kept
    assert [desk.undo(), desk.undo(), desk.undo(), desk.undo()] == [
        "reset", "preset acapella", "scene 1", "gain of bass"
    ]  # fmt: skip
    assert state(desk) == kept


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda desk: desk.set_pfl("piano", True), "no stem 'piano'"),
        (lambda desk: desk.set_cue_mix(-0.1), r"the cue mix must be 0 .* to 1 .*, got -0.1"),
        (lambda desk: desk.set_cue_mix(math.nan), "the cue mix must be"),
        (lambda desk: desk.set_cue_volume(6.1), r"gain of the cue must be -inf to \+6 dB, got 6.1"),
        (lambda desk: desk.set_cue_volume(math.nan), "gain of the cue must be"),
    ],
)
def test_what_cannot_be(desk: Desk, act: Callable[[Desk], object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        act(desk)
    assert state(desk) == AT_FIRST


def test_without_headphones_everything_is_refused() -> None:
    desk, control = local_desk(STEMS)
    acts: tuple[Callable[[], object], ...] = (
        lambda: desk.set_pfl("bass", True), lambda: desk.set_pfl_input(True), desk.end_pfl,
        lambda: desk.set_cue_mix(1), lambda: desk.set_cue_volume(0),
        lambda: desk.set_cue_split(True),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(ConfigError, match="this session has no cue; start it with --cue 3-4"):
            act()
    desk.begin_cue(CueSettings(mix=0.5, volume_db=-6, split=True), ())
    assert state(desk) == AT_FIRST and not desk.has_cue and control.cue_volume[0] == 1


def test_headphones_are_as_they_were_when_they_come_back(desk: Desk) -> None:
    kept = all_of_it(desk)
    desk.plug_cue(())
    assert not desk.has_cue
    desk.plug_cue((4, 5))
    assert state(desk) == kept


def test_one_channel_has_no_two_ears(desk: Desk) -> None:
    desk.set_cue_split(True)
    desk.plug_cue((1,))
    assert not desk.cue_split
    with pytest.raises(ConfigError, match="a cue of one channel has no two ears to split"):
        desk.set_cue_split(True)
    desk.set_cue_split(False)


def test_it_begins_as_it_was_asked_for(desk: Desk) -> None:
    desk.begin_cue(CueSettings(mix=0.25, volume_db=-20, split=True), (2, 3))
    assert state(desk) == ([], False, 0.25, -20.0, True)
    with pytest.raises(ConfigError, match="nothing to undo"):
        desk.undo()
