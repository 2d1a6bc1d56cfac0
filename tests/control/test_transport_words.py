"""The transport as MIDI maps, OSC and the page say it."""

from __future__ import annotations

import pytest
from fake_transport import a_player
from live_status import a_desk

from rtsep.control.actions import parse_action
from rtsep.control.osc_desk import desk_state, obey
from rtsep.control.osc_packets import Message
from rtsep.control.transport import TRANSPORT
from rtsep.errors import ConfigError
from rtsep.remote.messages import transport
from rtsep.remote.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("word", "value", "field", "then"),
    [
        ("play", 0.0, "playing", False),
        ("seek:-30", 1.0, "position", 53.0),
        ("seek:+5", 1.0, "position", 88.0),
        ("position", 0.5, "position", 122.5),
        ("loop", 1.0, "looping", True),
        ("loop-in", 1.0, "loop_in", 83.0),
        ("loop-out", 1.0, "loop_out", 83.0),
        ("speed", 0.0, "speed", 0.5),
        ("speed", 0.5, "speed", 1.0),
        ("speed", 1.0, "speed", 1.5),
        ("slower", 1.0, "speed", 0.95),
        ("faster", 1.0, "speed", 1.05),
        ("next", 1.0, "song", 3),
        ("previous", 1.0, "song", 1),
    ],
)
def test_a_word_does_what_it_says(word: str, value: float, field: str, then: object) -> None:
    desk, player = a_player()
    changes = desk.changes
    parse_action(word).apply(desk, value)
    assert getattr(player.status, field) == pytest.approx(then)
    assert desk.changes > changes


def test_switches_and_faders_say_how_they_stand() -> None:
    desk, player = a_player()
    assert parse_action("play").value(desk) == 1 and parse_action("loop").value(desk) == 0
    assert parse_action("position").value(desk) == pytest.approx(83 / 245)
    assert parse_action("speed").value(desk) == 0.5
    parse_action("play").press(desk)
    assert not player.status.playing
    parse_action("speed").apply(desk, 0.3)
    parse_action("speed").press(desk)  # the middle of the fader
    assert player.status.speed == 1


@pytest.mark.parametrize("text", ["seek", "seek:5", "seek:+7", "play:1", "loop-on"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_action(text)


@pytest.mark.parametrize("verb", TRANSPORT)
def test_a_live_input_refuses_in_a_line(verb: str) -> None:
    action = parse_action("seek:+5" if verb == "seek" else verb)
    desk = a_desk()
    assert action.value(desk) in (0, 0.5)  # lamps are dark
    with pytest.raises(ConfigError, match="a live input has no transport; play a file"):
        action.apply(desk, 1.0)
    assert verb not in {one["verb"] for one in Vocabulary(desk).describe()}


def test_osc() -> None:
    desk, player = a_player()
    for address, values in {
        "/transport/play": (0,),
        "/transport/position": (60.0,),
        "/transport/seek": (-10,),
        "/transport/loop/in": (),
        "/transport/speed": (0.8,),
        "/transport/loop": (1,),
        "/transport/next": (True,),
    }.items():
        obey(desk, Message(address, values))
    state = desk_state(desk)
    assert state["/transport/play"] == (0,) and state["/transport/loop"] == (1,)
    assert state["/transport/loop/in"] == (50.0,) and state["/transport/speed"] == (0.8,)
    assert state["/transport/song"] == ("Night Drive", 3, 3)
    assert state["/transport/length"] == (245.0,) and player.status.position == 0
    with pytest.raises(ConfigError, match="no speed"):
        obey(desk, Message("/transport/speed", (3.0,)))
    assert not [address for address in desk_state(a_desk()) if address.startswith("/transport")]
    with pytest.raises(ConfigError, match="no transport"):
        obey(a_desk(), Message("/transport/play", (1,)))


def test_the_page_hears_where_it_is_as_a_figure() -> None:
    desk, player = a_player()
    vocabulary = Vocabulary(desk)
    state = vocabulary.state()
    assert state["play"] == 1 and state["loop"] == 0 and state["speed"] == 0.5
    assert "position" not in state  # which moves by itself
    assert vocabulary.set("position", 0.0) and player.status.position == 0
    told = transport(player.status)
    assert (told["title"], told["song"], told["songs"]) == ("Night Drive", 2, 3)
    assert (told["position"], told["length"], told["playing"]) == (0, 245, True)


def test_scenes_and_undo_leave_it_alone() -> None:
    desk, player = a_player()
    desk.store_scene(1)
    desk.set_mute("vocals", True)
    parse_action("play").press(desk)
    parse_action("speed").apply(desk, 0.2)
    desk.recall_scene(1, 0)
    desk.undo()
    assert not player.status.playing and player.status.speed == pytest.approx(0.7)
