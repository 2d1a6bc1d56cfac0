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
          link.flush();
          const socket = link.socket;
          while (link.socket === socket || !link.here)
            await new Promise(done => setTimeout(done, 10)); }"""
    )
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


def test_a_slide_that_is_put_away_under_a_finger_is_let_go(phone: Phone, rig: RemoteRig) -> None:
    """The other hand opens another sheet meanwhile."""
    open_sheet(phone, 1)
    x, y = middle(slide(phone, "bass filter"))
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    fingers.move(f1=(x + 30, y))
    wait_until(lambda: rig.desk.fader("bass").filter > 0.1)
    phone.page.locator(".strip .name").first.dispatch_event("pointerup", {"button": 0})
    phone.page.locator("#sheet-0").wait_for(state="visible")
    fingers.move(f1=(x + 60, y))
    time.sleep(0.2)
    before = rig.desk.fader("bass").filter
    fingers.move(f1=(x - 60, y))
    time.sleep(0.2)
    assert rig.desk.fader("bass").filter == before and rig.desk.fader("drums").filter == 0
    fingers.up(1)
    rig.desk.set_filter("bass", 0)
    open_sheet(phone, 1)
    assert phone.page.locator(".held").count() == 0
    fingers.down(2, x, y)
    fingers.move(f2=(x - 30, y))
    wait_until(lambda: rig.desk.fader("bass").filter < -0.1)
    fingers.up(2)


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
    open_sheet(phone, 1)
    phone.page.evaluate(
        """async () => {
          const keys = [...document.querySelectorAll(
            '#sheet-1 .row .key, .mute, .solo, .strip .name, #store, #undo, .close, .pad')];
          for (let tap = 0; tap < 100; tap++) {
            for (const key of [keys[tap % keys.length], keys[(7 * tap + 3) % keys.length]])
              for (const type of ['pointerdown', 'pointerup'])
                key.dispatchEvent(new PointerEvent(type, { button: 0, bubbles: true }));
            await new Promise(done => setTimeout(done, 20));
          } }"""
    )
    assert rig.server.pages == 1
    shown = """[...document.querySelectorAll('.mute, .solo, .sheet [aria-pressed]')]
      .map(key => key.getAttribute('aria-pressed') === 'true')"""
    faders = rig.desk.faders
    wanted = [on for one in faders for on in (one.mute, one.solo)]
    wanted += [on for one in faders for on in reversed(one.kill)]
    wait_until(lambda: phone.page.evaluate(shown) == wanted)
    phone.page.get_by_label("mute bass").tap()
    wait_until(lambda: rig.desk.fader("bass").mute is not faders[1].mute)


def test_long_names_and_many_presets(browser: Browser) -> None:
    names = ("Lead vocals of the second choir, left", "x" * 60, "Kontrabass", "äöü 歌声 と ピアノ")
    control = Control(Arena(bytearray(4096)), len(names))
    control.reset()
    presets = {f"the balance of song number {n} of the show": Preset() for n in range(30)}
    rig = RemoteRig(Desk(names, control, presets=presets))
    rig.status = a_status(stem_levels=tuple(a_level(-10) for _ in names))
    phone = Phone(browser).open(rig.link)
    for size in (SMALL, SMALL_SIDE, PHONE, PHONE_SIDE, TABLET, TABLET_TALL):
        phone.page.set_viewport_size({"width": size[0], "height": size[1]})
        phone.wait_for(f"innerWidth === {size[0]} && innerHeight === {size[1]}")
        for sheet in (False, True):
            if sheet:
                open_sheet(phone, 1)
            assert wrong(phone, size[0]) == []
            assert (
                phone.page.evaluate(COVERED, "main button, main [role=slider], #bar button") == []
            )
        phone.page.tap("#presets")
        assert phone.page.locator("#preset-list .key").count() == 37
        phone.page.locator("#preset-list .key").last.scroll_into_view_if_needed()
        assert phone.page.evaluate(COVERED, "#preset-list .key:last-child") == []
        assert wrong(phone, size[0]) == []
        phone.page.tap("#preset-sheet .close")
        phone.page.keyboard.press("Escape")
    assert phone.complaints == []
    phone.close()
    rig.server.close()


def wrong(phone: Phone, width: int) -> list[list[object]]:
    """What is too small for a finger, or beside the screen."""
    targets = phone.page.evaluate(TARGETS)
    return [
        one
        for one in targets
        if min(one[1:3]) < SMALLEST - 0.5 or one[3] < -1 or one[4] > width + 1
    ]


def test_what_is_behind_more_is_scrolled_by_a_finger(browser: Browser, rig: RemoteRig) -> None:
    phone = Phone(browser, SMALL_SIDE).open(rig.link)
    phone.page.tap("#more")
    fingers = Fingers(phone)
    fingers.down(1, 200, 250)
    for step in range(1, 13):
        fingers.move(f1=(200, 250 - 15 * step))
    fingers.up(1)
    phone.wait_for("document.getElementById('more-sheet').scrollTop > 50")
    assert phone.complaints == []
    phone.close()
