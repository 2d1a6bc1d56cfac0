"""What happens to the page on a stage: many hands, long names, sleep, and fingers in the way."""

from __future__ import annotations

import time

import pytest
from live_status import a_level, a_status
from page_support import (
    PHONE,
    PHONE_SIDE,
    SMALL,
    SMALL_SIDE,
    SMALLEST,
    TABLET,
    TABLET_TALL,
    TARGETS,
    Fingers,
    Phone,
)
from playwright.sync_api import Browser
from remote_support import RemoteRig, wait_until
from sheet_support import COVERED, middle, open_sheet, slide

from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk
from rtsep.mixer.presets import Preset
from rtsep.ring.arena import Arena


def test_a_socket_that_is_closing_is_sent_nothing(phone: Phone) -> None:
    """Browsers write that to the console, once for every move."""
    phone.page.evaluate(
        """async () => { const { link } = await import('/page.js');
          link.socket.close();
          link.set('gain:bass', 0.5);
          link.flush(); }"""
    )
    phone.page.locator("#offline").wait_for(state="visible")
    phone.page.locator("#offline").wait_for(state="hidden")
    assert phone.complaints == []


def test_a_notice_is_in_nobodys_way(browser: Browser, rig: RemoteRig) -> None:
    for size in (PHONE, PHONE_SIDE, TABLET):
        phone = Phone(browser, size).open(rig.link)
        phone.page.tap("#undo")
        phone.page.locator("#notice").wait_for(state="visible")
        assert "nothing to undo" in phone.text("#notice")
        assert phone.page.evaluate(COVERED, "button, .strip [role=slider]") == []
        assert phone.complaints == []
        phone.close()


def test_two_fingers_on_two_keys_do_not_enlarge_the_page(phone: Phone) -> None:
    """Nor on the ground between them."""
    places = [
        phone.page.get_by_label("mute drums"),
        phone.page.get_by_label("mute vocals"),
        phone.page.locator("header"),
        phone.page.locator("#undo"),
    ]
    for first, second in ((0, 1), (2, 3)):
        (x1, y1), (x2, y2) = middle(places[first]), middle(places[second])
        fingers = Fingers(phone)
        fingers.down(1, x1, y1)
        fingers.down(2, x2, y2)
        for step in range(1, 13):
            fingers.move(f1=(x1 - 4 * step, y1), f2=(x2 + 6 * step, y2))
            time.sleep(0.01)
        fingers.up(1)
        fingers.up(2)
        time.sleep(0.2)
        assert phone.page.evaluate("visualViewport.scale") == 1


def test_a_finger_that_was_lost_in_sleep_holds_nothing(phone: Phone, rig: RemoteRig) -> None:
    """Some browsers do not say that a finger is gone when the screen goes dark."""
    phone.page.evaluate(
        """() => {
          const slider = document.querySelector('[role=slider][aria-label=bass]');
          slider.setPointerCapture = () => {};
          slider.dispatchEvent(new PointerEvent('pointerdown', { pointerId: 77, button: 0 }));
          delete slider.setPointerCapture;
          Object.defineProperty(document, 'hidden', { value: true, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
          delete document.hidden;
          document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    rig.desk.set_gain("bass", -20)
    phone.wait_shown("bass", "-20")
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    fingers.move(f1=(x, y - 0.3 * height))
    wait_until(lambda: rig.desk.fader("bass").gain_db > -10)
    fingers.up(1)


def test_a_fader_does_not_jump_where_the_screen_turns_under_a_finger(
    phone: Phone, rig: RemoteRig
) -> None:
    fingers = Fingers(phone)
    x, y, height = phone.fader("drums")
    fingers.down(1, x, y)
    fingers.move(f1=(x, y + 0.1 * height))
    wait_until(lambda: rig.desk.fader("drums").gain_db < -1)
    time.sleep(0.2)
    before = rig.desk.fader("drums").gain_db
    phone.page.set_viewport_size({"width": 780, "height": 360})
    phone.wait_for("innerWidth === 780")
    fingers.move(f1=(x, 90))
    fingers.move(f1=(x, 91))
    time.sleep(0.3)
    assert rig.desk.fader("drums").gain_db == pytest.approx(before, abs=1)
    fingers.up(1)


def test_fifty_taps_a_second_with_both_hands(phone: Phone, rig: RemoteRig) -> None:
    """The page keeps up, and shows what the desk says then."""
    sheet = open_sheet(phone, 1)
    places = [
        *(middle(phone.page.get_by_label(f"kill {band} bass")) for band in ("high", "mid", "low")),
        middle(phone.page.get_by_label("mute drums")),
        middle(phone.page.get_by_label("solo vocals")),
        middle(phone.page.locator(".strip .name").first),
        middle(phone.page.locator(".strip .name").nth(1)),
        middle(phone.page.locator("#undo")),
        middle(slide(phone, "bass eq low")),
    ]
    first, second = Fingers(phone), Fingers(phone)
    end, taps = time.monotonic() + 2, 0
    while time.monotonic() < end:
        for finger, place in ((1, places[taps % 9]), (2, places[(taps + 4) % 9])):
            (first if finger == 1 else second).down(finger, *place)
            (first if finger == 1 else second).up(finger)
        taps += 1
        time.sleep(0.01)
    assert taps > 20 and rig.server.pages == 1
    time.sleep(0.5)
    shown = """[...document.querySelectorAll('.mute, .solo, .sheet [aria-pressed]')]
      .map(key => key.getAttribute('aria-pressed') === 'true')"""
    phone.wait_for("!document.querySelector('.held')")
    faders = rig.desk.faders
    wanted = [on for one in faders for on in (one.mute, one.solo)]
    wanted += [on for one in faders for on in reversed(one.kill)]
    wait_until(lambda: phone.page.evaluate(shown) == wanted)
    assert sheet.count() == 1
    phone.page.get_by_label("mute bass").tap()
    wait_until(lambda: rig.desk.fader("bass").mute is not faders[1].mute)


@pytest.mark.parametrize(
    "size", [SMALL, SMALL_SIDE, PHONE, PHONE_SIDE, TABLET, TABLET_TALL], ids=str
)
def test_long_names_and_many_presets(browser: Browser, size: tuple[int, int]) -> None:
    names = ("Lead vocals of the second choir, left", "x" * 60, "Kontrabass", "äöü 歌声 と ピアノ")
    control = Control(Arena(bytearray(4096)), len(names))
    control.reset()
    presets = {f"the balance of song number {n} of the show": Preset() for n in range(30)}
    rig = RemoteRig(Desk(names, control, presets=presets))
    rig.status = a_status(stem_levels=tuple(a_level(-10) for _ in names))
    phone = Phone(browser, size).open(rig.link)
    for sheet in (False, True):
        if sheet:
            open_sheet(phone, 1)
        targets = phone.page.evaluate(TARGETS)
        assert [one for one in targets if min(one[1:3]) < SMALLEST - 0.5] == []
        assert [one for one in targets if one[3] < -1 or one[4] > size[0] + 1] == []
        assert phone.page.evaluate(COVERED, "main button, main [role=slider], #bar button") == []
    phone.page.tap("#presets")
    assert phone.page.locator("#preset-list .key").count() == 37
    last = phone.page.locator("#preset-list .key").last
    last.scroll_into_view_if_needed()
    assert phone.page.evaluate(COVERED, "#preset-list .key:last-child") == []
    targets = phone.page.evaluate(TARGETS)
    assert [one for one in targets if one[3] < -1 or one[4] > size[0] + 1] == []
    assert phone.complaints == []
    phone.close()
    rig.server.close()
