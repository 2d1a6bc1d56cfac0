"""The vocabulary of actions: each does one thing to a desk, and nonsense is refused."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from rtsep.config import STEMS_4, STEMS_6
from rtsep.control.actions import VERBS, parse_action
from rtsep.control.cue_verbs import CUE_VERBS
from rtsep.control.osc_desk import desk_state
from rtsep.control.verbs import FADER, SWITCH, TRIGGER
from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk, local_desk

SAMPLE = [
    *("gain:vocals", "gain:1", "mute:bass", "mute:4", "solo:drums", "solo:2", "master"),
    *("bypass", "limiter", "record", "preset:acapella", "preset:drums + bass"),
    *("policy:dry", "path:full", "reset", "scene:1", "store:8", "undo", "preset:one's own"),
    *("policy:dry", "path:full", "reset", "filter:vocals", "filter:3", "master-filter"),
    *("pfl:vocals", "pfl:2", "pfl-input", "cue-mix", "cue-volume", "cue-split"),
    *("trim", "reset-loudness"),
    *("eq-low:vocals", "eq-mid:2", "eq-high:drums", "kill-low:1", "kill-mid:bass", "kill-high:4"),
    *("play", "seek:-30", "seek:+5", "position", "loop", "loop-in", "loop-out", "speed"),
    *("slower", "faster", "previous", "next"),
]


@pytest.fixture
def desk() -> Desk:
    made = local_desk(STEMS_4)[0]
    made.plug_cue((2, 3))
    return made


def test_the_sample_has_every_verb() -> None:
    assert {text.partition(":")[0] for text in SAMPLE} == set(VERBS)


@pytest.mark.parametrize("text", SAMPLE)
def test_a_word_is_read_and_written(text: str) -> None:
    assert str(parse_action(text)) == text
    assert parse_action(f" {text} ", STEMS_4) == parse_action(text)


FADERS = ["gain:vocals", "gain:4", "master", "eq-low:1", "eq-mid:bass", "eq-high:vocals",
          "filter:2", "master-filter", "cue-mix", "cue-volume", "trim"]  # fmt: skip


@pytest.mark.parametrize("text", FADERS)
@pytest.mark.parametrize("travel", [0.0, 0.03, 0.5, 0.8, 1.0])
def test_a_fader_stands_where_it_was_put(desk: Desk, text: str, travel: float) -> None:
    action = parse_action(text)
    action.apply(desk, travel)
    # Below -90 dB, or -60 of a band, the scale has no room: travel 0 is silence.
    assert action.value(desk) == pytest.approx(travel, abs=1e-9)


def test_travel_and_decibels(desk: Desk) -> None:
    vocals = parse_action("gain:vocals")
    for travel, db in [(0.8, 0.0), (1.0, 6.0), (0.0, -math.inf), (7.0, 6.0), (-1.0, -math.inf)]:
        vocals.apply(desk, travel)
        assert desk.fader("vocals").gain_db == pytest.approx(db)
    vocals.press(desk)
    assert desk.fader("vocals").gain_db == pytest.approx(0)


def test_turns_and_decibels(desk: Desk) -> None:
    low, sweep = parse_action("eq-low:vocals"), parse_action("filter:vocals")
    for turn, db in [(0.5, 0.0), (1.0, 6.0), (0.0, -math.inf), (7.0, 6.0), (-1.0, -math.inf)]:
        low.apply(desk, turn)
        sweep.apply(desk, turn)
        assert desk.fader("vocals").eq_db == pytest.approx((db, 0, 0))
        assert desk.fader("vocals").filter == max(min(2 * turn - 1, 1), -1)
    low.press(desk)
    sweep.press(desk)
    parse_action("master-filter").apply(desk, 0.25)
    assert desk.fader("vocals").eq_db == (0, 0, 0) and desk.fader("vocals").filter == 0
    assert desk.master_filter == -0.5


CUES = ["pfl:bass", "pfl:2", "pfl-input", "cue-split"]
KILLS = ["kill-low:bass", "kill-mid:bass", "kill-high:2"]


@pytest.mark.parametrize(
    "text", ["mute:bass", "solo:2", "bypass", "limiter", "record", *KILLS, *CUES]
)
def test_a_switch_is_set_and_turned_over(desk: Desk, text: str) -> None:
    switch = parse_action(text)
    assert switch.kind == SWITCH
    for value, state in [(1, 1), (0.5, 1), (0.49, 0), (0, 0)]:
        switch.apply(desk, value)
        assert switch.value(desk) == state
    switch.press(desk)
    assert switch.value(desk) == 1
    switch.press(desk)
    assert switch.value(desk) == 0


def test_headphones_that_are_not_there() -> None:
    desk, _ = local_desk(STEMS_4)
    for text in [*CUES, "cue-mix", "cue-volume"]:
        with pytest.raises(ConfigError, match="this session has no cue; start it with --cue 3-4"):
            parse_action(text).apply(desk, 1)
        assert parse_action(text).value(desk) == (text == "cue-volume") * 0.8


def test_the_cue_mix_begins_and_rests_at_the_cue(desk: Desk) -> None:
    knob = parse_action("cue-mix")
    assert knob.value(desk) == 0
    knob.apply(desk, 0.7)
    knob.press(desk)
    assert desk.cue_mix == 0


def test_positions_are_the_models_order(desk: Desk) -> None:
    parse_action("mute:1").apply(desk, 1)
    parse_action("solo:4").apply(desk, 1)
    assert [fader.mute for fader in desk.faders] == [True, False, False, False]
    assert [fader.solo for fader in desk.faders] == [False, False, False, True]


def test_a_stem_named_like_a_number_comes_before_positions() -> None:
    desk, _ = local_desk(("2", "1"))
    parse_action("mute:1").apply(desk, 1)
    assert desk.fader("1").mute and not desk.fader("2").mute


def test_triggers_fire_when_pressed_only(desk: Desk) -> None:
    acapella, reset = parse_action("preset:acapella"), parse_action("reset")
    acapella.apply(desk, 0)
    assert not desk.fader("drums").mute
    acapella.press(desk)
    assert [fader.audible for fader in desk.faders] == [False, False, False, True]
    assert acapella.kind == TRIGGER and acapella.value(desk) == 0
    reset.apply(desk, 1)
    assert all(fader.audible for fader in desk.faders)
    parse_action("policy:silence").press(desk)
    assert desk.policy == "silence"


def test_scenes_and_undo(desk: Desk) -> None:
    desk.keep_scenes({}, lambda number, scene: None, 0)
    for text in ("mute:bass", "store:2", "reset", "scene:2", "undo"):
        parse_action(text).apply(desk, 0)  # let go
        parse_action(text).press(desk)
        if text in ("reset", "undo"):
            assert not desk.fader("bass").mute
    parse_action("scene:2").press(desk)
    assert desk.fader("bass").mute
    with pytest.raises(ConfigError, match="scene 3 is empty"):
        parse_action("scene:3").press(desk)
    with pytest.raises(ConfigError, match="no preset 'karaoke'; there are all, acapella"):
        parse_action("preset:karaoke").press(desk)  # a desk knows of one's own, a map does not


def test_what_fits(desk: Desk) -> None:
    six, _ = local_desk(STEMS_6)
    for text in ("gain:5", "mute:piano"):
        assert parse_action(text).fits(six) and not parse_action(text).fits(desk)
        with pytest.raises(ConfigError, match=r"this model has drums, bass, other, vocals"):
            parse_action(text).apply(desk, 1)
    assert parse_action("master").fits(desk)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gian:vocals", r"no action 'gian:vocals'; did you mean gain\?"),
        ("", r"no action ''; there are gain:STEM, .*, master, trim, .*bypass"),
        ("gain", "'gain' must be written gain:STEM"),
        ("gain:", "'gain:' must be written gain:STEM"),
        ("master:", "must be written master"),
        ("master:vocals", "must be written master"),
        ("preset:acapela", r"no preset 'acapela'; did you mean acapella\?"),
        ("scene:9", "no scene '9'; there are 1, 2, 3, 4, 5, 6, 7, 8"),
        ("store", "'store' must be written store:SCENE"),
        ("policy:loud", "no policy 'loud'; there are hold, dry, silence"),
        ("gain:0", "counted from 1 to 99, got '0'"),
        ("gain:" + "9" * 5000, "counted from 1 to 99"),
        ("x" * 5000, "no action 'x{80}'"),
    ],
)
def test_nonsense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_action(text)


@pytest.mark.parametrize("text", ["gain:piano", "mute:5", "solo:99"])
def test_stems_are_checked_where_they_are_known(text: str) -> None:
    parse_action(text)
    with pytest.raises(ConfigError, match=r"this model has drums, bass, other, vocals \(or 1-4\)"):
        parse_action(text, STEMS_4)


def test_not_a_number_is_refused(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="got nan"):
        parse_action("gain:vocals").apply(desk, math.nan)
    assert parse_action("gain:vocals").kind == FADER
    assert desk.fader("vocals").gain_db == 0


def test_the_manual_of_headphones_has_all_of_it() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "cue.md").read_text("utf-8")
    assert [verb for verb in CUE_VERBS if f"`{verb}" not in manual] == []
    desk, _ = local_desk(STEMS_4)
    without = desk_state(desk).keys()
    desk.plug_cue((2, 3))
    addresses = {
        re.sub("/stem/[a-z]+", "/stem/NAME", at) for at in desk_state(desk).keys() - without
    }
    assert [address for address in addresses if f"`{address}`" not in manual] == []
