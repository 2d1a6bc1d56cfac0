"""The page in a real browser, under real touches."""

from __future__ import annotations

import math
import threading
import time

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

from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk
from rtsep.remote.page_client import AHEAD
from rtsep.ring.arena import Arena


def test_the_page_shows_the_desk(browser: Browser, rig: RemoteRig) -> None:
    rig.desk.set_gain("bass", -4.5)
    rig.desk.set_gain("other", -math.inf)
    rig.desk.set_mute("vocals", True)
    rig.status = a_status(misses=7)
    phone = Phone(browser).open(rig.link)
    assert phone.page.locator(".strip h2").all_inner_texts() == [
        "Drums", "Bass", "Other", "Vocals", "Master"
    ]  # fmt: skip
    assert [phone.shown(name) for name in ("drums", "bass", "other", "master")] == [
        "0 dB", "-4.5", "-∞", "0 dB"
    ]  # fmt: skip
    assert phone.text("#state").lower() == "running"
    assert (phone.text("#latency"), phone.text("#late")) == ("184", "7")
    assert "silent" in (phone.page.locator(".strip").nth(3).get_attribute("class") or "")
    assert not phone.page.locator("#path").is_visible()
    phone.close()


def test_two_fingers_move_two_faders_at_once(phone: Phone, rig: RemoteRig) -> None:
    fingers = Fingers(phone)
    (x1, y1, height), (x2, y2, _) = phone.fader("drums"), phone.fader("vocals")
    fingers.down(1, x1, y1)
    fingers.down(2, x2, y2)
    for step in range(1, 11):
        fingers.move(f1=(x1, y1 + 0.02 * step * height), f2=(x2, y2 - 0.01 * step * height))
        time.sleep(0.02)
    wait_until(lambda: rig.desk.fader("vocals").gain_db > 2)
    drums, vocals = rig.desk.fader("drums").gain_db, rig.desk.fader("vocals").gain_db
    assert -11 < drums < -6 and 2 < vocals < 4.5
    fingers.up(1)
    fingers.move(f2=(x2, y2 + 0.2 * height))  # one rests, the other one goes on
    wait_until(lambda: rig.desk.fader("vocals").gain_db < -6)
    assert rig.desk.fader("drums").gain_db == drums
    fingers.up(2)
    assert rig.desk.fader("bass").gain_db == 0 and rig.server.refused == 0


def test_a_touch_alone_moves_nothing(phone: Phone, rig: RemoteRig) -> None:
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    for place in (-0.4, 0.0, 0.4):
        fingers.down(1, x, y + place * height)
        fingers.up(1)
    phone.page.tap("button.mute >> nth=0")  # and that did arrive
    wait_until(lambda: rig.desk.fader("drums").mute)
    assert rig.desk.fader("bass").gain_db == 0


def test_a_fader_catches_at_unity_and_its_figure_goes_there(phone: Phone, rig: RemoteRig) -> None:
    rig.desk.set_gain("bass", -1.5)
    phone.wait_shown("bass", "-1.5")
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    length = height - 36
    fingers.move(f1=(x, y - 0.05 * length))
    wait_until(lambda: rig.desk.fader("bass").gain_db == 0)
    fingers.up(1)
    rig.desk.set_gain("bass", -20)
    phone.wait_shown("bass", "-20")
    phone.page.tap(".strip:nth-child(2) .db")
    wait_until(lambda: rig.desk.fader("bass").gain_db == 0)


def test_a_slow_finger_gets_past_unity(phone: Phone, rig: RemoteRig) -> None:
    """Also where it moves by less at a time than the fader catches."""
    fingers = Fingers(phone)
    x, y, _ = phone.fader("bass")
    fingers.down(1, x, y)
    for step in range(40):
        fingers.move(f1=(x, y + step))
    wait_until(lambda: rig.desk.fader("bass").gain_db < -1)
    fingers.up(1)


def test_a_second_finger_on_the_same_fader_does_nothing(phone: Phone, rig: RemoteRig) -> None:
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    fingers.down(2, x, y + 0.2 * height)
    fingers.move(f2=(x, y - 0.2 * height))
    fingers.move(f1=(x, y + 0.2 * height))
    wait_until(lambda: rig.desk.fader("bass").gain_db < 0)
    fingers.move(f2=(x, y - 0.3 * height))
    time.sleep(0.2)
    assert phone.shown("bass") == f"{rig.desk.fader('bass').gain_db:.1f}"
    assert -9 < rig.desk.fader("bass").gain_db < -6
    fingers.up(1)
    fingers.up(2)


def test_keys_answer_while_another_finger_holds_a_fader(phone: Phone, rig: RemoteRig) -> None:
    """Browsers make no click of a touch beside another."""
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    fingers.move(f1=(x, y + 0.2 * height))
    for number, (name, done) in enumerate(
        [
            ("[aria-label='mute drums']", lambda: rig.desk.fader("drums").mute),
            ("[aria-label='solo vocals']", lambda: rig.desk.fader("vocals").solo),
            (".key.bypass", lambda: rig.desk.bypass),
            ("#record", lambda: rig.desk.recording),
            (".strip:nth-child(1) .db", lambda: rig.desk.fader("drums").gain_db == 0),
            ("#presets", lambda: True),  # opens when the finger is up
        ],
        start=2,
    ):
        box = phone.page.locator(name).bounding_box()
        assert box
        rig.desk.set_gain("drums", -20)
        phone.wait_shown("drums", "-20")
        fingers.down(number, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        fingers.up(number)
        wait_until(done)
    fingers.up(1)
    phone.page.locator("#preset-sheet").wait_for(state="visible")


def test_keys_answer_right_after_a_flick(phone: Phone, rig: RemoteRig) -> None:
    """Browsers take the next touch for the end of a fling."""
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    for turn in range(6):
        fingers.down(1, x, y)
        fingers.move(f1=(x, y - 0.1 * height * (-1) ** turn))
        fingers.up(1)
        phone.page.tap("[aria-label='mute drums']")
        wait_until(lambda turn=turn: rig.desk.fader("drums").mute is (turn % 2 == 0))


def test_keys_answer_to_a_keyboard_once(phone: Phone, rig: RemoteRig) -> None:
    phone.page.locator("[aria-label='mute drums']").press("Enter")
    wait_until(lambda: rig.desk.fader("drums").mute)
    phone.page.locator("[aria-label='mute drums']").click()
    wait_until(lambda: not rig.desk.fader("drums").mute)
    time.sleep(0.2)
    assert not rig.desk.fader("drums").mute


def test_a_mouse_keeps_the_fader_that_it_has(phone: Phone, rig: RemoteRig) -> None:
    x, y, height = phone.fader("bass")
    mouse = phone.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 80, y + 0.1 * height)  # over the next one
    mouse.move(x + 80, y + 0.2 * height)
    wait_until(lambda: -9 < rig.desk.fader("bass").gain_db < -6)
    mouse.up()
    mouse.move(x, y)
    assert rig.desk.fader("other").gain_db == 0


def test_keys_move_a_fader_too(phone: Phone, rig: RemoteRig) -> None:
    slider = phone.page.locator("[role=slider][aria-label=bass]")
    slider.press("ArrowUp")
    wait_until(lambda: 0 < rig.desk.fader("bass").gain_db < 1)
    slider.press("Home")
    wait_until(lambda: rig.desk.fader("bass").gain_db == -math.inf)


def test_lamps_follow_whoever_presses(phone: Phone, rig: RemoteRig) -> None:
    phone.page.tap("[aria-label='mute drums']")
    phone.page.tap("[aria-label='solo bass']")
    phone.page.tap(".key.bypass")
    phone.page.tap("#record")
    wait_until(lambda: rig.desk.recording)
    assert rig.desk.fader("drums").mute and rig.desk.fader("bass").solo and rig.desk.bypass
    silent = "[...document.querySelectorAll('.strip')].map(s => s.classList.contains('silent'))"
    assert phone.page.evaluate(silent) == [True, False, True, True, False]
    rig.desk.reset()
    rig.desk.set_bypass(False)
    rig.desk.set_recording(False)
    lit = "[...document.querySelectorAll('main [aria-pressed=true], footer [aria-pressed=true]')]"
    phone.wait_for(f"{lit}.map(lamp => lamp.textContent).join() === 'limit'")


def test_presets_and_the_reset(phone: Phone, rig: RemoteRig) -> None:
    phone.page.tap("#presets")
    phone.page.tap("#preset-list >> text=acapella")
    wait_until(lambda: [fader.mute for fader in rig.desk.faders] == [True, True, True, False])
    assert not phone.page.locator("#preset-sheet").is_visible()
    phone.wait_for("document.querySelectorAll('.mute[aria-pressed=true]').length === 3")
    phone.page.tap("#more")
    phone.page.tap("#groups button:text-is('silence')")
    wait_until(lambda: rig.desk.policy == "silence")
    phone.wait_for("[...document.querySelectorAll('#groups [aria-pressed=true]')].length === 1")
    phone.page.tap("#groups button:text-is('reset')")
    wait_until(lambda: not rig.desk.fader("drums").mute)


def test_the_path_is_switched_where_there_are_two(browser: Browser) -> None:
    rig = RemoteRig(desk_of(4, ("full", "instant")))
    phone = Phone(browser).open(rig.link)
    phone.page.tap("#path")
    wait_until(lambda: rig.desk.path == "instant")
    phone.wait_for("document.getElementById('path').getAttribute('aria-pressed') === 'true'")
    rig.desk.set_recording(True)
    phone.page.tap("#path")
    phone.wait_for("document.getElementById('notice').textContent.includes('end the take first')")
    assert rig.desk.path == "instant"
    phone.close()
    rig.server.close()


def test_a_held_fader_does_not_jump_and_shows_the_desk_when_it_is_let_go(
    phone: Phone, rig: RemoteRig
) -> None:
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    fingers.move(f1=(x, y + 0.2 * height))
    wait_until(lambda: rig.desk.fader("bass").gain_db < -5)
    held = phone.shown("bass")
    rig.desk.set_gain("bass", 6)  # another hand
    time.sleep(0.6)  # longer than this one is left alone
    assert phone.shown("bass") == held
    fingers.up(1)
    phone.wait_shown("bass", "+6.0")


def test_the_left_handed_stay_left_handed(phone: Phone, rig: RemoteRig) -> None:
    assert phone.fader("master")[0] > phone.fader("drums")[0]
    phone.page.tap("#more")
    phone.page.tap("#left")
    phone.page.tap("#more-sheet .close")
    assert phone.fader("master")[0] < phone.fader("drums")[0]
    phone.open(rig.link)
    assert phone.fader("master")[0] < phone.fader("drums")[0]


@pytest.mark.parametrize("stems", [4, 6])
@pytest.mark.parametrize(
    "size", [SMALL, SMALL_SIDE, PHONE, PHONE_SIDE, TABLET, TABLET_TALL], ids=str
)
def test_everything_is_on_the_screen_and_large_enough_for_a_finger(
    browser: Browser, size: tuple[int, int], stems: int
) -> None:
    rig = RemoteRig(desk_of(stems, ("full", "instant")))
    rig.desk.set_recording(True)
    rig.status = a_status(
        stem_levels=tuple(a_level(-10) for _ in range(stems)), misses=1234, recorded_seconds=5000,
        events=("something " * 30,) * 6,
    )  # fmt: skip
    phone = Phone(browser, size).open(rig.link)
    for sheet in (None, "#more", "#presets"):
        if sheet and phone.page.locator(sheet).is_visible():
            phone.page.tap(sheet)
        targets = phone.page.evaluate(TARGETS)
        assert len(targets) > (5 if sheet else 4 * stems)
        small = [one for one in targets if min(one[1:3]) < SMALLEST - 0.5]
        assert small == [], (size, sheet)
        beside = [one for one in targets if one[3] < -1 or one[4] > size[0] + 1]
        below = [one for one in targets if one[5] < -1 or one[6] > size[1] + 1]
        assert beside == [] and (sheet or below == []), (size, sheet)
        if sheet:
            phone.page.keyboard.press("Escape")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    least = min(phone.fader(name)[2] for name in (*rig.desk.stems, "master"))
    assert least > 0.3 * size[1]
    assert phone.complaints == []
    phone.close()
    rig.server.close()


def test_nobody_else_is_asked_for_anything(browser: Browser, rig: RemoteRig) -> None:
    phone = Phone(browser, TABLET).open(rig.link)
    phone.page.wait_for_timeout(500)
    home = f"127.0.0.1:{rig.port}/"
    assert len(phone.asked) > 6
    assert [url for url in phone.asked if url.split("://")[1].partition("/")[0] + "/" != home] == []
    assert phone.complaints == []
    phone.close()


def test_meters_keep_pace_with_the_server_and_are_drawn_between(
    phone: Phone, rig: RemoteRig
) -> None:
    """As many frames come as were made, and every drawing moves."""
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
    looks, end = rig.looks, time.monotonic() + 2
    while time.monotonic() < end:
        level = -30 + 25 * math.sin(8 * time.monotonic())
        rig.status = a_status(stem_levels=(a_level(level),) * 4)
        time.sleep(0.005)
    came, made = phone.page.evaluate("window.came()"), rig.looks - looks
    seen = phone.page.evaluate("window.seen")
    assert came > 0.7 * made > 20
    assert seen["moved"] > 0.7 * min(seen["draws"], came)


def test_after_a_flood_of_changes_the_page_shows_the_last(phone: Phone, rig: RemoteRig) -> None:
    for step in range(20_000):
        rig.desk.set_gain("bass", -(step % 60))
        rig.desk.toggle_mute("drums")
    rig.desk.set_gain("bass", -7.5)
    phone.wait_shown("bass", "-7.5")
    assert phone.page.locator(".mute[aria-pressed=true]").count() == 0


def test_fast_fingers_are_no_flood(phone: Phone, rig: RemoteRig) -> None:
    """However many moves there are: the page says one thing a frame."""
    page = phone.page
    page.evaluate(
        """async () => {
          const { link } = await import('/page.js');
          const slider = document.querySelector('[role=slider][aria-label=bass]');
          const at = (type, y) => slider.dispatchEvent(new PointerEvent(type, {
            pointerId: 77, button: 0, clientY: y, bubbles: true }));
          slider.setPointerCapture = () => {};
          at('pointerdown', 300);
          const end = performance.now() + 1500;
          window.moves = 0;
          while (performance.now() < end) {
            for (let move = 0; move < 500; move++) at('pointermove', 300 + (window.moves++ % 100));
            await new Promise(requestAnimationFrame);
          }
          at('pointermove', 350);
          at('pointerup', 350);
        }"""
    )
    wait_until(lambda: rig.desk.fader("bass").gain_db < 0)
    assert page.evaluate("window.moves") > 2000
    assert rig.server.refused == 0 and rig.server.pages == 1


def test_when_rtsep_ends_the_page_says_so_and_comes_back_with_the_desk(
    phone: Phone, rig: RemoteRig
) -> None:
    rig.server.close()
    phone.page.locator("#offline").wait_for(state="visible")
    assert "No connection" in phone.text("#offline")
    assert phone.text("#state").lower() == "offline"
    x, y, height = phone.fader("drums")
    fingers = Fingers(phone)
    fingers.down(1, x, y)
    fingers.move(f1=(x, y + 0.3 * height))  # of no effect
    fingers.up(1)
    rig.desk.set_gain("bass", -12)
    rig.restart()
    phone.page.locator("#offline").wait_for(state="hidden")
    phone.wait_shown("bass", "-12")
    phone.wait_shown("drums", "0 dB")
    assert rig.desk.fader("drums").gain_db == 0
    phone.complaints.clear()  # of the connection that was refused


def test_a_network_that_goes_silent_is_noticed(browser: Browser, rig: RemoteRig) -> None:
    with wired(rig.port) as (wire, port):
        phone = Phone(browser).open(f"http://127.0.0.1:{port}/")
        rig.desk.set_gain("bass", -3)
        phone.wait_shown("bass", "-3.0")
        wire.passes.clear()
        phone.page.locator("#offline").wait_for(state="visible")
        rig.desk.set_gain("bass", -9)
        wire.passes.set()
        phone.page.locator("#offline").wait_for(state="hidden")
        phone.wait_shown("bass", "-9.0")
        phone.close()


def test_without_a_network_the_browser_says_so_too(phone: Phone, rig: RemoteRig) -> None:
    phone.context.set_offline(True)
    phone.page.locator("#offline").wait_for(state="visible")
    phone.context.set_offline(False)
    phone.page.locator("#offline").wait_for(state="hidden")
    rig.desk.set_gain("bass", -9)
    phone.wait_shown("bass", "-9.0")
    phone.complaints.clear()


def test_a_tablet_that_sleeps_costs_nothing_and_wakes_up_to_the_desk(
    phone: Phone, rig: RemoteRig
) -> None:
    session = phone.context.new_cdp_session(phone.page)
    session.send("Debugger.enable")
    session.send("Debugger.pause")  # no line of the page's runs, while its network still does
    (client,) = rig.server._talks._pages
    wait_until(lambda: not client.hears)
    for step in range(200):
        rig.desk.set_gain("bass", -step / 10)
    rig.desk.set_gain("bass", -13)
    time.sleep(0.3)
    assert not client.hears and len(client._under_way) == AHEAD
    session.send("Debugger.resume")
    phone.wait_shown("bass", "-13")
    wait_until(lambda: client.hears)


def test_when_the_page_goes_away_nothing_changes(browser: Browser, rig: RemoteRig) -> None:
    phone = Phone(browser).open(rig.link)
    fingers = Fingers(phone)
    x, y, height = phone.fader("bass")
    fingers.down(1, x, y)
    fingers.move(f1=(x, y + 0.2 * height))
    wait_until(lambda: rig.desk.fader("bass").gain_db < -5)
    before = rig.desk.faders
    phone.close()  # with the finger on it
    wait_until(lambda: rig.server.pages == 0)
    time.sleep(0.2)
    assert rig.desk.faders == before


def test_the_page_can_be_installed_and_opens_without_rtsep(
    browser: Browser, rig: RemoteRig
) -> None:
    phone = Phone(browser).open(rig.link)
    session = phone.context.new_cdp_session(phone.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == [] and manifest["url"].endswith("manifest.webmanifest")
    told = phone.page.evaluate("fetch('/manifest.webmanifest').then(answer => answer.json())")
    for icon in told["icons"]:
        size = phone.page.evaluate(
            """source => new Promise((done, failed) => {
              const image = new Image();
              image.onload = () => done(`${image.naturalWidth}x${image.naturalHeight}`);
              image.onerror = failed;
              image.src = source; })""",
            f"/{icon['src']}",
        )
        assert size == icon["sizes"]
    assert {"name", "short_name", "start_url", "display", "theme_color"} <= told.keys()
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    rig.server.close()
    phone.page.reload()
    phone.page.locator("#offline").wait_for(state="visible")
    rig.restart()
    phone.wait_for("document.querySelectorAll('.strip').length === 5")
    phone.close()


def test_no_script_but_our_own_runs(browser: Browser, rig: RemoteRig) -> None:
    phone = Phone(browser).open(rig.link)
    phone.page.evaluate(
        """() => { const script = document.createElement('script');
          script.textContent = 'window.hacked = true'; document.body.append(script); }"""
    )
    assert phone.page.evaluate("window.hacked") is None
    assert len(phone.complaints) == 1 and "Content Security Policy" in phone.complaints[0]
    phone.close()


def test_names_of_stems_are_not_run(browser: Browser) -> None:
    name = "<img src=x onerror=window.hacked=1>"
    control = Control(Arena(bytearray(4096)), 1)
    control.reset()
    rig = RemoteRig(Desk((name,), control))
    rig.status = a_status(stem_levels=(a_level(-3),), events=("<b>bold</b>",), input="<i>in</i>")
    phone = Phone(browser).open(rig.link)
    assert phone.page.evaluate("window.hacked") is None and phone.complaints == []
    assert phone.page.locator(".strip h2").first.inner_text().lower() == name.lower()
    phone.close()
    rig.server.close()


def test_a_code_lets_one_tablet_in_and_that_one_another(
    browser: Browser, locked: RemoteRig
) -> None:
    link = locked.link
    first = Phone(browser).open(link)
    assert "code" not in first.page.url
    other = Phone(browser)
    answer = other.page.goto(link)
    assert answer and answer.status == 403 and "Scan the code" in other.text("body")
    first.page.tap("#more")
    first.page.tap("#invite")
    first.page.locator("#code").wait_for(state="visible")
    other.open(first.text("#code-link"))
    assert locked.server.pages == 2
    first.close()
    other.close()


def test_after_a_restart_the_page_says_that_it_needs_a_code(
    browser: Browser, locked: RemoteRig
) -> None:
    phone = Phone(browser).open(locked.link)
    locked.server.close()
    locked.restart()
    phone.wait_for("document.getElementById('offline').textContent.includes('scan the code')")
    phone.open(locked.link)
    phone.close()


def test_many_desks_one_after_the_other(browser: Browser, rig: RemoteRig) -> None:
    """Another model in the place of the one before: the page is made anew."""
    phone = Phone(browser).open(rig.link)
    rig.server.close()
    rig.desk = a_desk(6)
    rig.status = a_status(stem_levels=tuple(a_level(-10) for _ in range(6)))
    rig.restart()
    phone.wait_for("document.querySelectorAll('.strip').length === 7")
    phone.page.tap("#record")
    wait_until(lambda: rig.desk.recording)
    threads = [one.name for one in threading.enumerate()]
    assert threads.count("remote") == 1
    phone.close()
