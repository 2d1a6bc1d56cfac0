"""What one page is told, and when; without sockets, at any time."""

from __future__ import annotations

import pytest

from rtsep.remote.page_client import AHEAD, PACE, QUIET_SECONDS, PageClient

STATE = {"gain:bass": 0.8, "mute:bass": 0.0, "policy": "hold"}


def told(client: PageClient, now: float, **changes: float) -> dict[str, float | str]:
    named = {name.replace("_", ":"): value for name, value in changes.items()}
    return client.news({**STATE, **named}, now)


def test_all_and_then_what_changes() -> None:
    client = PageClient(0.0)
    assert told(client, 0.0) == STATE and told(client, 0.1) == {}
    assert told(client, 0.2, gain_bass=0.5) == {"gain:bass": 0.5}
    assert told(client, 0.3, gain_bass=0.5) == {}


def test_the_moving_hand_is_left_alone_also_where_another_moves_the_same() -> None:
    client = PageClient(0.0)
    told(client, 0.0)
    client.moved({"gain:bass": 0.3, "mute:bass": 1.0}, 1.0)
    assert told(client, 1.01, gain_bass=0.3, mute_bass=1) == {}
    assert told(client, 1.2, gain_bass=0.9, mute_bass=0) == {}  # another hand
    client.moved({"gain:bass": 0.2}, 1.2)
    assert told(client, 1.3, gain_bass=0.9, mute_bass=0) == {"mute:bass": 0.0}
    assert told(client, 1.2 + QUIET_SECONDS, gain_bass=0.9) == {"gain:bass": 0.9}


def test_a_fader_that_stands_where_it_was_put_is_no_news() -> None:
    client = PageClient(0.0)
    told(client, 0.0)
    client.moved({"gain:bass": 0.3}, 1.0)
    assert told(client, 2.0, gain_bass=0.3000001) == {}
    client.moved({"gain:bass": 1.5}, 3.0)  # beyond the end
    assert told(client, 4.0, gain_bass=1.0) == {"gain:bass": 1.0}


def test_a_switch_is_answered_even_if_it_did_not_move() -> None:
    """It may have been refused, and the lamp be lit."""
    client = PageClient(0.0)
    told(client, 0.0)
    client.moved({"mute:bass": 1.0}, 1.0)
    assert told(client, 2.0) == {"mute:bass": 0.0}


def test_so_many_frames_are_under_way_and_no_more() -> None:
    client = PageClient(0.0)
    for number in range(10, 10 + AHEAD):
        assert client.hears
        client.told_frame(number)
    for never_sent in (3, 10 + AHEAD, -1):
        client.has_seen(never_sent)
        assert not client.hears
    client.has_seen(12)
    for number in range(3):
        assert client.hears
        client.told_frame(20 + number)
    assert not client.hears


@pytest.mark.parametrize(("a_second", "may"), [(PACE - 10, True), (2 * PACE, False)])
def test_the_pace(a_second: int, may: bool) -> None:
    client = PageClient(0.0)
    spoken = [client.may_speak(number / a_second) for number in range(5 * a_second)]
    assert all(spoken) is may and all(spoken[:PACE])
