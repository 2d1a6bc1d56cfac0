"""The transport on the page, in a real browser, under real touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fake_transport import FakeTransport, a_player
from live_status import a_status
from page_support import PHONE, PHONE_SIDE, SMALL, SMALL_SIDE, TABLET, TABLET_TALL, Fingers, Phone
from playwright.sync_api import Browser
from remote_support import RemoteRig, wait_until

SMALLEST = 44  # CSS pixels of what a finger meets


class Played(RemoteRig):
    """A rig whose status has the transport as it stands."""

    def __init__(self, stems: int = 4) -> None:
        desk, self.transport = a_player(stems)
        super().__init__(desk)

    def _look(self) -> Any:
        return replace(super()._look(), transport=self.transport.status)


@pytest.fixture
def played() -> Iterator[Played]:
    rig = Played()
    yield rig
    rig.server.close()


def box(phone: Phone, selector: str) -> dict[str, float]:
    found = phone.page.locator(selector).bounding_box()
    assert found
    return dict(found)


def opened(browser: Browser, rig: Played, size: tuple[int, int]) -> tuple[Phone, FakeTransport]:
    phone = Phone(browser, size).open(rig.link)
    wait_until(lambda: phone.text("#transport .length") == "4:05")
    return phone, rig.transport


def test_play_jumps_loop_and_speed(browser: Browser, played: Played) -> None:
    phone, moved = opened(browser, played, TABLET)
    page = phone.page
    assert phone.text("#transport .title") == "2/3 Night Drive"
    page.tap("#transport .play")
    wait_until(lambda: not moved.status.playing)
    wait_until(lambda: phone.text("#transport .play") == "Play")
    assert phone.text("#transport .place") == "1:23"
    page.tap("text=+5 >> nth=0")
    wait_until(lambda: moved.status.position == 88)
    wait_until(lambda: phone.text("#transport .place") == "1:28")
    page.tap("#transport .turns >> text=In")
    wait_until(lambda: moved.status.loop_in == 88)
    page.tap("#transport .moves >> text=+30")
    wait_until(lambda: moved.status.position == 118)
    page.tap("#transport .turns >> text=Out")
    wait_until(lambda: moved.status.looping and moved.status.loop_out == 118)
    wait_until(lambda: page.locator("#transport .looped").is_visible())
    page.tap("#transport .turns .loop")
    wait_until(lambda: not moved.status.looping)
    page.tap("#transport .turns >> [aria-label=slower]")
    wait_until(lambda: moved.status.speed == pytest.approx(0.95))
    wait_until(lambda: phone.text("#transport .speed") == "95 %")
    page.tap("#transport .speed")
    wait_until(lambda: moved.status.speed == 1)
    page.tap("#transport .moves >> text=Next")
    wait_until(lambda: moved.status.song == 3)
    page.tap("#transport .moves >> text=Next")
    wait_until(lambda: phone.text("#notice") == "this is the last song")
    phone.close()
    assert phone.complaints == []


def test_a_finger_on_the_bar_goes_there_when_it_is_up(browser: Browser, played: Played) -> None:
    phone, moved = opened(browser, played, PHONE)
    moved.play(False)
    where = box(phone, "#transport .bar")
    x, y = where["x"], where["y"] + where["height"] / 2
    fingers = Fingers(phone)
    fingers.down(1, x + 0.3 * where["width"], y)
    fingers.move(f1=(x + 0.6 * where["width"], y))
    fingers.move(f1=(x + 0.5 * where["width"], y))
    wait_until(lambda: phone.text("#transport .place") == "2:02")
    assert moved.status.position == 83  # nothing has moved yet
    fingers.up(1)
    wait_until(lambda: moved.status.position == pytest.approx(122.5, abs=2))
    phone.close()
    assert phone.complaints == []


def test_it_goes_on_between_two_figures(browser: Browser, played: Played) -> None:
    phone, _ = opened(browser, played, TABLET)
    parts = "parseFloat(document.querySelector('#transport .grip').style.left)"
    places = []
    for _ in range(8):
        places.append(phone.page.evaluate(parts))
        phone.page.wait_for_timeout(20)
    assert len(set(places)) > 4
    phone.close()


def test_others_moves_are_shown(browser: Browser, played: Played) -> None:
    phone, moved = opened(browser, played, TABLET)
    moved.play(False)
    wait_until(lambda: phone.text("#transport .play") == "Play")
    moved.loop(True)
    loop = phone.page.locator("#transport .turns .loop")
    wait_until(lambda: loop.get_attribute("aria-pressed") == "true")
    phone.close()


@pytest.mark.parametrize("stems", [4, 6])
@pytest.mark.parametrize("size", [PHONE, PHONE_SIDE, SMALL, SMALL_SIDE, TABLET, TABLET_TALL])
def test_fingers_find_everything(browser: Browser, size: tuple[int, int], stems: int) -> None:
    rig = Played(stems)
    phone, _ = opened(browser, rig, size)
    for selector in ("#transport button", "#transport .bar"):
        for one in phone.page.locator(selector).all():
            if one.is_visible():
                where = one.bounding_box()
                assert where and min(where["width"], where["height"]) > SMALLEST - 0.5, size
                assert where["x"] > -1 and where["x"] + where["width"] < size[0] + 1
                assert where["y"] + where["height"] < size[1] + 1
    opens = phone.page.locator("#transport .opens")
    if opens.is_visible():  # little room: the loop lies behind a key
        assert not phone.page.locator("#transport .turns").is_visible()
        phone.page.tap("#transport .opens")
        wait_until(lambda: phone.page.locator("#transport .turns").is_visible())
    least = min(phone.fader(name)[2] for name in (*rig.desk.stems, "master"))
    assert least > 0.18 * size[1]
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert phone.complaints == []
    phone.close()
    rig.server.close()


def test_a_device_has_no_row(browser: Browser) -> None:
    rig = RemoteRig()
    rig.status = a_status()
    phone = Phone(browser, TABLET).open(rig.link)
    assert not phone.page.locator("#transport").is_visible()
    phone.close()
    rig.server.close()
