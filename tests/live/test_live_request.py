"""What a live session shall be, from the options of a command and from Python."""

from __future__ import annotations

from typing import Any

import pytest

import rtsep
from rtsep.errors import ConfigError
from rtsep.files.places import input_place, output_place
from rtsep.live_session.request import live_spec
from rtsep.live_session.spec import LiveSpec
from rtsep.mixer.cue_desk import CueSettings


def a_spec(**options: Any) -> LiveSpec:
    """As `rtsep --input demo --output null --pace realtime` asks for, but for `options`."""
    usual: dict[str, Any] = {
        "model": "m", "device": "cpu", "cache": None, "precision": "auto", "executor": "auto",
        "window": 2.0, "hop": 0.1, "lookahead": 0.0, "mode": None, "refresh": None, "target": 0.0,
        "budget": None, "encoding": "float", "record": None, "no_limiter": False, "loop": False,
        "input_channels": None, "gains_db": {}, "mute": (), "solo": (), "eq_db": {},
        "filters": {}, "policy": None,
    }  # fmt: skip
    return live_spec(input_place("demo"), output_place("null", live=False), **(usual | options))


@pytest.mark.parametrize(
    ("options", "policy", "instant"),
    [
        ({}, "hold", False),
        ({"instant": True}, "instant", True),
        ({"instant": True, "policy": "hold"}, "hold", True),
        ({"policy": "instant"}, "instant", True),
        ({"policy": "dry"}, "dry", False),
    ],
)
def test_late_stems_are_made_up_by_an_instant_path_where_there_is_one(
    options: dict[str, Any], policy: str, instant: bool
) -> None:
    """And none is started only because nobody said what is heard then."""
    spec = a_spec(**options)
    assert (spec.policy, spec.instant) == (policy, instant)


def test_the_delay_of_the_instant_path() -> None:
    assert a_spec(instant=True).instant_delay == 0.023
    assert a_spec(instant=True, delay=0.012).instant_delay == 0.012
    assert rtsep.live("demo", latency="instant", delay=0.012).spec.instant_delay == 0.012
    with pytest.raises(ConfigError, match=r"must be 0\.012 or 0\.023 s, got 0\.1"):
        rtsep.live("demo", latency="instant", delay=0.1)
    with pytest.raises(ConfigError, match=r'delay is of the instant path; give latency="instant"'):
        rtsep.live("demo", delay=0.012)


def test_equalizers_and_filters_reach_the_session() -> None:
    tone: dict[str, Any] = {"eq_db": {"bass": (-6.0, 0.0, 3.0)}, "filters": {"mix": -0.5}}
    for spec in (a_spec(**tone), rtsep.live("demo", **tone).spec):
        assert spec.eq_db == tone["eq_db"] and spec.filters == tone["filters"]
    assert rtsep.live("demo").spec.eq_db == rtsep.live("demo").spec.filters == {}


def test_so_they_are_in_python() -> None:
    assert rtsep.live("demo", latency="instant").spec.policy == "instant"
    assert rtsep.live("demo").spec.policy == "hold"


def test_headphones_reach_the_session() -> None:
    spec = a_spec(cue="3-4", cue_mix=0.3, cue_volume=-6.0, cue_split=True)
    assert spec.audio.cue == "3-4"
    assert spec.cue == CueSettings(mix=0.3, volume_db=-6.0, split=True)
    assert rtsep.live("demo", cue="3-4").spec.audio.cue == "3-4"
    assert a_spec().audio.cue is None and a_spec().cue == CueSettings()
