"""Scenes and undo on the page, in a real browser."""

from __future__ import annotations

import time

import pytest
from page_support import PHONE, SMALL, SMALL_SIDE, TABLET, TABLET_TALL, Phone
from playwright.sync_api import Browser
from remote_support import RemoteRig, wait_until

FILLED = "[...document.querySelectorAll('.pad.filled')].map(pad => pad.textContent).join()"


@pytest.fixture
def tablet(browser: Browser, rig: RemoteRig) -> Phone:
    rig.desk.keep_scenes({}, lambda *_: None, 0.2)
    rig.desk.set_gain("bass", -10)
    rig.desk.store_scene(2)
    rig.desk.set_gain("bass", 0)
    return Phone(browser, TABLET).open(rig.link)


def tap_pad(phone: Phone, number: int) -> None:
    phone.page.locator(".pad").nth(number - 1).tap()


def test_scenes_that_are_filled_are_shown_and_recalled(tablet: Phone, rig: RemoteRig) -> None:
    assert tablet.page.evaluate(FILLED) == "2"
    assert tablet.text("#fade") == "0.2 s"
    assert tablet.page.locator(".pad").nth(0).get_attribute("aria-label") == "scene 1, empty"
    tap_pad(tablet, 2)
    wait_until(lambda: rig.desk.fader("bass").gain_db == pytest.approx(-10))
    tablet.wait_shown("bass", "-10")
    rig.desk.store_scene(7)  # another hand
    tablet.wait_for(f"{FILLED} === '2,7'")
    tap_pad(tablet, 5)
    tablet.wait_for("document.getElementById('notice').textContent.includes('scene 5 is empty')")
    assert rig.desk.scenes == (2, 7) and tablet.complaints == []


def test_the_store_key_stores_once(tablet: Phone, rig: RemoteRig) -> None:
    store = tablet.page.locator("#store")
    store.tap()
    assert store.get_attribute("aria-pressed") == "true"
    tap_pad(tablet, 4)
    wait_until(lambda: rig.desk.scenes == (2, 4))
    tablet.wait_for(f"{FILLED} === '2,4'")
    assert store.get_attribute("aria-pressed") == "false"
    rig.desk.set_gain("bass", -3)
    tap_pad(tablet, 4)  # not stored again: recalled
    wait_until(lambda: rig.desk.fader("bass").gain_db == 0)
    store.tap()
    store.tap()  # thought better of it
    tap_pad(tablet, 2)
    wait_until(lambda: rig.desk.fader("bass").gain_db == pytest.approx(-10))


def test_a_filled_scene_is_replaced_only_by_who_means_it(tablet: Phone, rig: RemoteRig) -> None:
    """Neither by one tap, nor by a double one, nor by two on different ones."""
    kept = rig.desk._scenes[2]
    rig.desk.store_scene(3)
    tablet.wait_for(f"{FILLED} === '2,3'")
    tablet.page.locator("#store").tap()
    tablet.page.evaluate(
        """() => { const pad = document.querySelectorAll('.pad')[1];
          for (let tap = 0; tap < 50; tap++)
            pad.dispatchEvent(new PointerEvent('pointerdown', { button: 0, bubbles: true })); }"""
    )
    assert tablet.text(".pad >> nth=1") == "2?"
    assert "tap it again" in tablet.text("#notice")
    tap_pad(tablet, 3)
    assert tablet.text(".pad >> nth=1") == "2" and tablet.text(".pad >> nth=2") == "3?"
    tap_pad(tablet, 2)
    time.sleep(0.6)
    assert rig.desk._scenes[2] is kept
    tap_pad(tablet, 2)
    wait_until(lambda: rig.desk._scenes[2] is not kept)
    assert rig.desk._scenes[2]["stems"]["bass"]["gain"] == 1


def test_what_was_to_be_stored_is_forgotten(
    tablet: Phone, rig: RemoteRig, browser: Browser
) -> None:
    """After a while, and where rtsep is gone."""
    store = tablet.page.locator("#store")
    store.tap()
    tablet.wait_for("document.getElementById('store').getAttribute('aria-pressed') === 'false'")
    store.tap()
    rig.server.close()
    tablet.page.locator("#offline").wait_for(state="visible")
    assert store.get_attribute("aria-pressed") == "false"
    rig.restart()
    tablet.page.locator("#offline").wait_for(state="hidden")
    assert tablet.page.evaluate(FILLED) == "2"


def test_scenes_and_undo_are_in_reach(browser: Browser, rig: RemoteRig) -> None:
    """Undo always; scenes always on a tablet, on a phone behind a key, in place of a sheet."""
    phone = Phone(browser).open(rig.link)
    pads = phone.page.locator(".pad:visible")
    opens = phone.page.locator("#scenes-key")
    for size in (SMALL, SMALL_SIDE, PHONE, TABLET, TABLET_TALL):
        phone.page.set_viewport_size({"width": size[0], "height": size[1]})
        phone.wait_for(f"innerWidth === {size[0]}")
        is_small = opens.is_visible()
        assert is_small is (min(size) < 560)
        if is_small:
            assert pads.count() == 0
            phone.page.locator(".strip .name").first.tap()
            opens.tap()
            assert opens.get_attribute("aria-expanded") == "true"
            assert phone.page.locator(".sheet:visible").count() == 0
        assert pads.count() == 8
        rig.desk.set_gain("drums", -6)
        phone.wait_shown("drums", "-6.0")
        phone.page.tap("#undo")
        wait_until(lambda: rig.desk.fader("drums").gain_db == 0)
        phone.wait_shown("drums", "0 dB")
        phone.wait_for("document.getElementById('notice').textContent === 'undone: gain of drums'")
        phone.page.locator(".strip .name").first.tap()
        assert pads.count() == (0 if is_small else 8)
        phone.page.keyboard.press("Escape")
    assert phone.complaints == []
    phone.close()
