"""The transport under keys, and its line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_transport import STATUS, FakeTransport, a_player
from live_status import a_status
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.tui.transport import transport


def player() -> tuple[Rig, FakeTransport]:
    desk, moved = a_player()
    rig = Rig(desk, a_status(transport=moved.status))
    rig.app._status = lambda: replace(rig.status, transport=moved.status)
    return rig, moved


def test_space_pauses_and_plays() -> None:
    rig, moved = player()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "space")
        assert not moved.status.playing and not rig.desk.bypass
        await rig.see(pilot, "‖")
        await rig.press(pilot, "space")
        assert moved.status.playing
        await rig.see(pilot, "Night Drive")

    rig.run(script)


@pytest.mark.parametrize(
    ("keys", "field", "then"),
    [
        (("comma",), "position", 78.0),
        (("full_stop", "full_stop"), "position", 93.0),
        (("less_than_sign",), "position", 53.0),
        (("colon",), "position", 113.0),
        (("left_square_bracket", "left_square_bracket"), "speed", 0.9),
        (("right_square_bracket", "backspace"), "speed", 1.0),
        (("n",), "song", 3),
        (("N",), "song", 1),
        (("A",), "looping", True),
        (("a",), "loop_in", 83.0),
        (("a", "full_stop", "a"), "loop_out", 88.0),
        (("a", "full_stop", "a", "a"), "looping", False),
    ],
)
def test_keys(keys: tuple[str, ...], field: str, then: object) -> None:
    rig, moved = player()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, *keys)
        assert getattr(moved.status, field) == pytest.approx(then)

    rig.run(script)


def test_what_cannot_be_is_told() -> None:
    rig, _ = player()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "n", "n")
        await rig.see(pilot, "this is the last song")

    rig.run(script)


def test_a_device_has_no_line() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        assert not rig.app.query("#transport")
        await rig.press(pilot, "comma")
        await rig.see(pilot, "a live input has no transport")

    rig.run(script)


@pytest.mark.parametrize("size", [(80, 24), (48, 13), (112, 34)])
def test_the_screen_has_room_for_it(size: tuple[int, int]) -> None:
    rig, _ = player()

    async def script(pilot: Pilot[None]) -> None:
        lines = await rig.lines(pilot)
        (line,) = (line for line in lines if "1:23" in line)
        assert "4:05" in line and "●" in line and "quit" in lines[-1]

    rig.run(script, size)


@pytest.mark.parametrize("width", range(20, 130, 7))
def test_the_line_fits(width: int) -> None:
    status = replace(STATUS, looping=True, loop_in=80.0, loop_out=122.0, speed=0.95)
    (line,) = transport(status, width, 1)
    text = "".join(piece for piece, _ in line)
    assert len(text) <= max(width, 40)
    assert "loop 1:20-2:02" in text and "95 %" in text
    if width > 80:
        assert "2/3 Night Drive" in text and text.count("●") == 1
