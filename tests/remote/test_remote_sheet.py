"""The sheet of a strip, in a real browser: equalizer, kills, filter, and whatever there is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from live_status import a_desk, a_level, a_status
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
    desk_of,
    wired,
)
from playwright.sync_api import Browser
from remote_support import RemoteRig, wait_until
from sheet_support import COVERED, middle, open_sheet, said, slide, text_of

from rtsep.control.actions import VERBS
from rtsep.control.verbs import FADER, SWITCH, TRIGGER, Verb

# Where a finger may scroll: the lowest word that is not under an edge.
WORD = """() => [...document.querySelectorAll('#sheet-1 .word')].map(word => {
    const box = word.getBoundingClientRect();
    return [box.left + 20, box.top + box.height / 2, word]; })
  .filter(([x, y, word]) => word.contains(document.elementFromPoint(x, y)))
  .pop().slice(0, 2)"""
SHEET = "#sheets button, #sheets [role=slider]"
SIZES = [
    *(SMALL, SMALL_SIDE, PHONE, PHONE_SIDE, TABLET, TABLET_TALL, (320, 568), (568, 320)),
    *((932, 430), (600, 960), (960, 600), (700, 700), (889, 1111)),
]


def test_a_name_opens_its_sheet_and_closes_it(phone: Phone) -> None:
    names = phone.page.locator(".strip .name")
    sheet = open_sheet(phone, 1)
    assert sheet.locator("h2").inner_text() == "Bass"
    assert sheet.locator(".row .key, .row .word").all_inner_texts() == [
        "High\nKill", "Mid\nKill", "Low\nKill", "Filter"
    ]  # fmt: skip
    assert names.nth(1).get_attribute("aria-expanded") == "true"
    open_sheet(phone, 3)  # one at a time
    assert not sheet.is_visible() and names.nth(1).get_attribute("aria-expanded") == "false"
    names.nth(3).tap()
    phone.wait_for("!document.querySelector('.sheet:not([hidden])')")
    open_sheet(phone, 4).get_by_label("close master").tap()
    phone.wait_for("!document.querySelector('.sheet:not([hidden])')")
    open_sheet(phone, 0)
    phone.page.keyboard.press("Escape")
    phone.wait_for("!document.querySelector('.sheet:not([hidden])')")


def test_a_finger_turns_bands_and_filter(phone: Phone, rig: RemoteRig) -> None:
    open_sheet(phone, 1)
    fingers = Fingers(phone)
    for name, there in (
        ("bass eq low", lambda: rig.desk.fader("bass").eq_db[0]),
        ("bass eq high", lambda: rig.desk.fader("bass").eq_db[2]),
        ("bass filter", lambda: rig.desk.fader("bass").filter),
    ):
        x, y = middle(slide(phone, name))
        fingers.down(1, x, y)
        fingers.move(f1=(x + 40, y + 5))
        wait_until(lambda there=there: there() > 0.2)
        fingers.move(f1=(x - 40, y + 5))
        wait_until(lambda there=there: there() < -0.2)
        fingers.up(1)
    assert rig.desk.fader("bass").eq_db[1] == 0 and rig.desk.fader("drums").filter == 0
    assert text_of(phone, "bass filter").startswith("low-pass ")
    slide(phone, "bass eq mid").press("Home")
    wait_until(lambda: rig.desk.fader("bass").eq_db[1] == -math.inf)
    assert text_of(phone, "bass eq mid") == "-inf"


def test_the_filter_of_the_mix(phone: Phone, rig: RemoteRig) -> None:
    open_sheet(phone, 4)
    x, y = middle(slide(phone, "master filter"))
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    fingers.move(f1=(x + 30, y))
    wait_until(lambda: rig.desk.master_filter > 0.1)
    fingers.up(1)
    assert said(phone, 4).startswith("master, filter high-pass ")


def test_a_touch_alone_turns_nothing_and_two_bring_it_to_rest(phone: Phone, rig: RemoteRig) -> None:
    rig.desk.set_filter("bass", -0.6)
    open_sheet(phone, 1)
    wait_until(lambda: text_of(phone, "bass filter") == "low-pass 60 %")
    x, y = middle(slide(phone, "bass filter"))
    fingers = Fingers(phone)

    def tap(by: float = 0.0) -> None:
        fingers.down(1, x, y)
        if by:
            fingers.move(f1=(x, y + by))
        fingers.up(1)

    tap()
    time.sleep(0.5)
    tap()  # too late for a second one
    time.sleep(0.5)
    tap(30.0)
    tap(30.0)  # a move, even if it turns nothing
    time.sleep(0.2)
    assert rig.desk.fader("bass").filter == pytest.approx(-0.6)

    def tapped_twice() -> bool:
        tap()
        tap()
        time.sleep(0.1)
        return rig.desk.fader("bass").filter == 0

    wait_until(tapped_twice)


def test_the_middle_catches_and_a_figure_goes_there(phone: Phone, rig: RemoteRig) -> None:
    rig.desk.set_filter("bass", 0.4)
    open_sheet(phone, 1)
    wait_until(lambda: text_of(phone, "bass filter") == "high-pass 40 %")
    found = slide(phone, "bass filter")
    x, y = middle(found)
    length = (found.bounding_box() or {"width": 0.0})["width"] - 40
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    fingers.move(f1=(x - 0.19 * length, y))  # short of it
    wait_until(lambda: rig.desk.fader("bass").filter == 0)
    fingers.up(1)
    rig.desk.set_eq("bass", "low", 4.0)
    wait_until(lambda: text_of(phone, "bass eq low") == "+4.0")
    phone.page.get_by_label("bass eq low to 0 dB").tap()
    wait_until(lambda: rig.desk.fader("bass").eq_db[0] == 0)


def test_two_hands_on_fader_band_and_kill(phone: Phone, rig: RemoteRig) -> None:
    open_sheet(phone, 1)
    fingers = Fingers(phone)
    x1, y1, height = phone.fader("drums")
    x2, y2 = middle(slide(phone, "bass eq low"))
    fingers.down(1, x1, y1)
    fingers.down(2, x2, y2)
    for step in range(1, 9):
        fingers.move(f1=(x1, y1 + 0.03 * step * height), f2=(x2 - 6 * step, y2))
    wait_until(
        lambda: rig.desk.fader("drums").gain_db < -4 and rig.desk.fader("bass").eq_db[0] < -4
    )
    x3, y3 = middle(phone.page.get_by_label("kill high bass"))
    fingers.down(3, x3, y3)
    wait_until(lambda: rig.desk.fader("bass").kill == (False, False, True))
    for finger in (3, 2, 1):
        fingers.up(finger)
    assert rig.server.refused == 0


def test_a_slide_under_a_finger_is_left_alone(phone: Phone, rig: RemoteRig) -> None:
    open_sheet(phone, 1)
    x, y = middle(slide(phone, "bass eq low"))
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    fingers.move(f1=(x - 40, y))
    wait_until(lambda: rig.desk.fader("bass").eq_db[0] < -1)
    held = text_of(phone, "bass eq low")
    time.sleep(0.6)  # longer than its own hand is not told of it
    assert text_of(phone, "bass eq low") == held
    rig.desk.set_eq("bass", "low", 5.0)  # another hand
    time.sleep(0.3)
    assert text_of(phone, "bass eq low") == held
    fingers.up(1)
    wait_until(lambda: text_of(phone, "bass eq low") == "+5.0")


def test_a_strip_shows_what_is_on_in_its_sheet(phone: Phone, rig: RemoteRig) -> None:
    lit = "[...document.querySelectorAll('.marks .on, .marks .killed')].length"
    assert phone.page.evaluate(lit) == 0 and said(phone, 0) == "drums"
    rig.desk.set_eq("drums", "high", 3.0)
    rig.desk.set_kill("drums", "low", True)
    rig.desk.set_filter("drums", -0.25)
    wait_until(lambda: said(phone, 0) == "drums, low kill, high +3.0, filter low-pass 25 %")
    assert phone.page.evaluate(lit) == 3
    marks = phone.page.locator(".strip .marks").first
    assert marks.locator(".bar").count() == 3 and marks.locator(".beam").count() == 1
    assert "killed" in (marks.locator(".bar").first.get_attribute("class") or "")
    rig.desk.reset()
    wait_until(lambda: said(phone, 0) == "drums" and phone.page.evaluate(lit) == 0)


def taught(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Verbs that nobody had thought of when the page was made, and what was said with them."""
    told: dict[str, float] = {"growl": 0.5, "bite": 0.0, "snarl": 0.25, "roar": 0.0}

    def tell(name: str) -> Callable[..., Any]:
        return lambda desk, *rest: (told.update({name: rest[-1]}), desk.reset())

    def get(name: str) -> Callable[..., float]:
        return lambda *_: told[name]

    more = {
        "growl": Verb(FADER, "stem", "how it growls", get("growl"), tell("growl"), rest=0.5),
        "bite": Verb(SWITCH, "stem", "it bites", get("bite"), tell("bite")),
        "snarl": Verb(FADER, None, "how all snarl", get("snarl"), tell("snarl"), rest=0.25),
        "roar": Verb(SWITCH, None, "all roar", get("roar"), tell("roar")),
        "jump": Verb(TRIGGER, "wall", "jump over", lambda *_: 0.0, tell("jump"), ("1", "2")),
        "creep": Verb(FADER, "wall", "creep along", lambda *_: 0.5, tell("creep"), ("1", "2")),
    }
    for name, verb in more.items():
        monkeypatch.setitem(VERBS, name, verb)
    return told


def test_what_a_desk_learns_is_on_the_page(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stem in its sheet, of the desk in that of the master, and the rest behind More."""
    told = taught(monkeypatch)
    rig = RemoteRig()
    phone = Phone(browser).open(rig.link)
    sheet = open_sheet(phone, 0)
    words = sheet.locator(".row .key, .row .word").all_inner_texts()
    assert words == ["High\nKill", "Mid\nKill", "Low\nKill", "Filter", "Growl"]
    assert sheet.locator(".choices .key").all_inner_texts() == ["Bite"]
    slide(phone, "drums growl").press("End")
    wait_until(lambda: told["growl"] == 1)
    phone.page.get_by_label("bite drums").tap()
    wait_until(lambda: told["bite"] == 1)
    wait_until(lambda: said(phone, 0) == "drums, growl 100 %, bite")
    assert phone.page.locator(".strip .pill").first.inner_text() == "BITE"
    open_sheet(phone, 4)
    slide(phone, "snarl").press("End")
    wait_until(lambda: told["snarl"] == 1)
    phone.page.get_by_label("all roar").tap()
    wait_until(lambda: told["roar"] == 1)
    phone.page.tap("#more")
    groups = phone.page.locator("#groups h2").all_inner_texts()
    assert groups[-2:] == ["Jump over", "Creep along"]
    assert not {"The filter of the mix", "All roar", "How all snarl", "It bites"} & {*groups}
    phone.page.locator("#groups h2:has-text('jump over') + div >> text='2'").tap()
    wait_until(lambda: told.get("jump") == 1)
    slide(phone, "2 creep").press("Home")
    wait_until(lambda: told.get("creep") == 0)
    assert rig.server.refused == 0 and phone.complaints == []
    phone.close()
    rig.server.close()


def test_a_sheet_with_much_in_it_is_scrolled(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        trim = Verb(FADER, "stem", "a trim", lambda *_: 0.5, lambda *_: None, rest=0.5)
        lamp = Verb(SWITCH, "stem", "a lamp", lambda *_: 0.0, lambda *_: None)
        monkeypatch.setitem(VERBS, f"trim{number}", trim)
        monkeypatch.setitem(VERBS, f"lamp{number}", lamp)
    rig = RemoteRig()
    for size in (SMALL, SMALL_SIDE):
        phone = Phone(browser, size).open(rig.link)
        open_sheet(phone, 1)
        fingers = Fingers(phone)
        for _ in range(20):
            if phone.page.evaluate(COVERED, "#sheet-1 [aria-label='lamp4 bass']") == []:
                break
            x, y = phone.page.evaluate(WORD)
            fingers.down(1, x, y)
            for step in range(1, 9):
                fingers.move(f1=(x, y - 20 * step))
            fingers.up(1)
            time.sleep(0.1)
        assert phone.page.evaluate(COVERED, "#sheet-1 [aria-label='lamp4 bass']") == []
        assert phone.fader("bass")[2] > 60
        phone.close()
    rig.server.close()


@pytest.mark.parametrize("stems", [2, 4, 6])
def test_a_sheet_is_on_the_screen_and_large_enough_for_fingers(
    browser: Browser, stems: int
) -> None:
    """On every screen, also turned from one to the next, and for the left-handed."""
    rig = RemoteRig(desk_of(stems, ("full", "instant")))
    rig.desk.set_recording(True)
    rig.status = a_status(
        stem_levels=tuple(a_level(-10) for _ in range(stems)), misses=1234, recorded_seconds=5000
    )
    phone = Phone(browser).open(rig.link)
    opens = phone.page.locator("#scenes-key")
    for number, size in enumerate(SIZES):
        phone.page.set_viewport_size({"width": size[0], "height": size[1]})
        phone.wait_for(f"innerWidth === {size[0]} && innerHeight === {size[1]}")
        phone.page.evaluate("on => document.body.classList.toggle('left', on)", number % 3 == 0)
        open_sheet(phone, 1)
        check(phone, size, SHEET, 10)
        if phone.page.locator(".strip .name").nth(stems).is_visible():
            open_sheet(phone, stems)
        else:
            while not phone.page.locator(f"#sheet-{stems}").is_visible():
                phone.page.locator("[aria-label='the next strip']:visible").tap()
        check(phone, size, SHEET, 2)
        visible = phone.page.locator(".fader:visible").first.bounding_box()
        assert visible and visible["height"] > 0.15 * size[1]
        phone.page.keyboard.press("Escape")
        if opens.is_visible():
            opens.tap()
        check(phone, size, "#scenes button", 9)
        if opens.is_visible():
            opens.tap()
    assert phone.complaints == []
    phone.close()
    rig.server.close()


def check(phone: Phone, size: tuple[int, int], selector: str, least: int) -> None:
    """All of that in reach, nothing too small, nothing beside the screen."""
    targets = phone.page.evaluate(TARGETS)
    assert [one for one in targets if min(one[1:3]) < SMALLEST - 0.5] == []
    beyond = [
        one
        for one in targets
        if one[3] < -1 or one[4] > size[0] + 1 or one[5] < -1 or one[6] > size[1] + 1
    ]
    assert beyond == []
    assert phone.page.locator(f":is({selector}):visible").count() >= least
    everything = f"{selector}, .strip button, .strip [role=slider], #bar button"
    assert phone.page.evaluate(COVERED, everything) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_screen_turns_with_a_sheet_open_and_a_finger_down(phone: Phone, rig: RemoteRig) -> None:
    """A finger that is elsewhere after it has moved nothing by that."""
    sheet = open_sheet(phone, 1)
    fingers = Fingers(phone)
    x, y = middle(slide(phone, "bass eq low"))
    fingers.down(1, x, y)
    fingers.move(f1=(x - 20, y))
    wait_until(lambda: rig.desk.fader("bass").eq_db[0] < -0.5)
    time.sleep(0.3)
    before = rig.desk.fader("bass").eq_db[0]
    phone.page.set_viewport_size({"width": 780, "height": 360})
    phone.wait_for("innerWidth === 780")
    fingers.move(f1=(x + 250, 200))
    fingers.move(f1=(x + 251, 200))
    time.sleep(0.3)
    assert rig.desk.fader("bass").eq_db[0] == pytest.approx(before, abs=1)
    fingers.move(f1=(x + 291, 200))
    wait_until(lambda: rig.desk.fader("bass").eq_db[0] > before + 1)
    fingers.up(1)
    assert sheet.is_visible()
    check(phone, (780, 360), SHEET, 10)
    phone.page.set_viewport_size({"width": 390, "height": 760})
    phone.wait_for("innerWidth === 390")
    assert sheet.is_visible()
    check(phone, (390, 760), SHEET, 10)


def test_a_network_that_goes_with_a_sheet_open(browser: Browser, rig: RemoteRig) -> None:
    """It stays, what is turned meanwhile is void, and it shows the desk when it is back."""
    with wired(rig.port) as (wire, port):
        phone = Phone(browser).open(f"http://127.0.0.1:{port}/")
        sheet = open_sheet(phone, 1)
        x, y = middle(slide(phone, "bass eq low"))
        fingers = Fingers(phone)
        fingers.down(1, x, y)  # and stays there
        wire.passes.clear()
        phone.page.locator("#offline").wait_for(state="visible")
        fingers.move(f1=(x - 60, y))
        phone.page.get_by_label("kill high bass").evaluate("one => one.click()")
        rig.desk.set_kill("bass", "mid", True)
        wire.passes.set()
        phone.page.locator("#offline").wait_for(state="hidden")
        wait_until(lambda: said(phone, 1).endswith("mid kill") or "mid kill" in said(phone, 1))
        fingers.up(1)
        wait_until(lambda: text_of(phone, "bass eq low") == "0 dB")
        assert said(phone, 1) == "bass, mid kill" and sheet.is_visible()
        assert rig.desk.fader("bass").eq_db == (0, 0, 0)
        assert rig.desk.fader("bass").kill == (False, True, False)
        phone.close()


def test_another_model_under_an_open_sheet(browser: Browser, rig: RemoteRig) -> None:
    """A stem that is still there keeps its sheet; one that is not takes it along."""
    phone = Phone(browser).open(rig.link)
    for strip, stems, stays in ((1, 6, True), (5, 2, False)):
        open_sheet(phone, strip)
        rig.server.close()
        rig.desk = a_desk(stems)
        rig.status = a_status(stem_levels=tuple(a_level(-10) for _ in range(stems)))
        rig.restart()
        phone.wait_for(f"document.querySelectorAll('.strip').length === {stems + 1}")
        assert phone.page.locator(".sheet:visible").count() == int(stays)
        assert phone.page.evaluate("document.body.classList.contains('sheet-open')") is stays
    slide_to = open_sheet(phone, 1).locator("[role=slider]").first
    slide_to.press("End")
    wait_until(lambda: rig.desk.fader("bass").eq_db[2] > 5.9)
    phone.close()


def test_meters_keep_pace_while_a_sheet_is_open_and_a_finger_turns(
    phone: Phone, rig: RemoteRig
) -> None:
    open_sheet(phone, 1)
    phone.page.evaluate(
        """async () => {
          const { link } = await import('/page.js');
          const cover = document.querySelector('.cover');
          window.seen = { frames: link.frames, draws: 0, moved: 0 };
          let last = '';
          const count = () => {
            window.seen.draws += 1;
            if (cover.style.transform !== last) window.seen.moved += 1;
            last = cover.style.transform;
            requestAnimationFrame(count);
          };
          count();
          window.came = () => link.frames - window.seen.frames;
        }"""
    )
    x, y = middle(slide(phone, "bass eq low"))
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    looks, end = rig.looks, time.monotonic() + 2
    while time.monotonic() < end:
        level = -30 + 25 * math.sin(8 * time.monotonic())
        rig.status = a_status(stem_levels=(a_level(level),) * 4)
        fingers.move(f1=(x + 50 * math.sin(5 * time.monotonic()), y))
    came, made = phone.page.evaluate("window.came()"), rig.looks - looks
    seen = phone.page.evaluate("window.seen")
    fingers.up(1)
    assert came > 0.7 * made > 20
    assert seen["moved"] > 0.7 * min(seen["draws"], came)
