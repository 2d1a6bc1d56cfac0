"""Pictures of the remote page in Chromium, and its icons: `python scripts/remote_pictures.py`.

The icons go where the page has them, the pictures to docs/images; each is looked at by whoever
changes the page.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fake_transport import STATUS, a_player  # noqa: E402
from live_status import a_desk, a_level, a_status  # noqa: E402

from rtsep.control.listening import HostPort  # noqa: E402
from rtsep.mixer.desk import Desk  # noqa: E402
from rtsep.remote.server import RemoteServer  # noqa: E402

ICONS = ROOT / "rtsep" / "remote" / "page" / "icons"
IMAGES = ROOT / "docs" / "images"
Screen = tuple[int, int, float, int | None]  # width, height, scale, strip whose sheet is open
SCREENS: dict[str, Screen] = {
    "remote-phone": (390, 760, 1.5, None),
    "remote-phone-sheet": (390, 760, 1.5, 2),
    "remote-phone-side": (780, 360, 1, None),
    "remote-phone-side-sheet": (780, 360, 1, 2),
    "remote-tablet": (1180, 820, 1, None),
    "remote-tablet-sheet": (1180, 820, 1, 2),
}
PLAYED: dict[str, Screen] = {
    "remote-transport": (1180, 820, 1, None),
    "remote-transport-phone": (390, 760, 1.5, None),
}
SONG = replace(STATUS, looping=True, loop_in=80.0, loop_out=96.0, speed=0.9)
FADERS = ((24, 46, "#3fdc7a"), (44, 28, "#58d0ff"), (64, 58, "#ffd047"))  # x, y, colour
EVENTS = ("1:00:58 MIDI: nanoKONTROL2 is played by nanokontrol2", "1:01:00 the full path: 184 ms")


def icon(inset: float) -> str:
    """Three faders on the ground of the page; `inset` keeps what a mask would cut off free."""
    knobs = "".join(
        f'<rect x="{x + 4}" y="14" width="4" height="72" rx="2" fill="#3a4552"/>'
        f'<rect x="{x - 2}" y="{y}" width="16" height="14" rx="3" fill="{colour}"/>'
        f'<rect x="{x - 2}" y="{y + 6}" width="16" height="2" fill="#0b0e12"/>'
        for x, y, colour in FADERS
    )
    scale = 1 - 2 * inset
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100%" height="100%">'
        f'<rect width="100" height="100" fill="#161b22"/><g transform="translate({100 * inset} '
        f'{100 * inset}) scale({scale})">{knobs}</g></svg>'
    )


def draw_icons(browser: Browser) -> None:
    for name, size, inset in (
        ("icon-180", 180, 0.0),
        ("icon-192", 192, 0.0),
        ("icon-512", 512, 0.0),
        ("icon-maskable-512", 512, 0.12),
    ):
        page = browser.new_page(viewport={"width": size, "height": size})
        page.set_content(f'<body style="margin:0">{icon(inset)}</body>')
        page.screenshot(path=ICONS / f"{name}.png")
        page.close()


@contextmanager
def served(*, played: bool = False) -> Iterator[tuple[Desk, str]]:
    """A desk of four stems in the middle of a song, which may be a file."""
    began = time.monotonic()
    desk, transport = a_player(4) if played else (a_desk(4), None)
    if transport:
        transport.status = SONG
    desk.set_gain("drums", 0.0)
    desk.set_gain("bass", -4.5)
    desk.set_gain("other", -12)
    desk.set_mute("vocals", True)
    desk.set_eq("drums", "high", 2.5)
    desk.set_eq("other", "high", 4.0)
    desk.set_eq("other", "mid", -5.0)
    desk.set_kill("other", "low", True)
    desk.set_filter("other", 0.35)
    desk.set_master_filter(-0.2)
    for number in (1, 2, 3, 6):
        desk.store_scene(number)
    desk.set_recording(True)

    def status() -> object:
        at = time.monotonic() - began
        moving = (a_level(-8 + 5 * math.sin(7 * at + n)) for n in range(3))
        return a_status(
            stem_levels=(*moving, a_level(-math.inf)),
            mix_level=a_level(-3 + 2 * math.sin(9 * at)),
            misses=0,
            recording=True,
            recorded_seconds=83 + at,
            events=EVENTS,
            transport=transport and transport.status,
        )

    with RemoteServer(desk, status, HostPort("127.0.0.1", 0), lambda text: None) as server:  # type: ignore[arg-type]
        yield desk, server.links[0]


def look(page: Page, link: str, strip: int | None) -> None:
    page.goto(link)
    page.locator("#latency", has_text="184").wait_for()
    if strip is not None:
        page.locator(".strip .name").nth(strip).tap()
    page.wait_for_timeout(400)


def draw(browser: Browser, link: str, name: str, screen: Screen) -> None:
    width, height, scale, strip = screen
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        has_touch=True,
        is_mobile=True,
    )
    look(page, link, strip)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


def main() -> None:
    with (
        sync_playwright() as playwright,
        served() as (_, link),
        served(played=True) as (_, link_of_song),
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        draw_icons(browser)
        for name, screen in SCREENS.items():
            draw(browser, link, name, screen)
        for name, screen in PLAYED.items():
            draw(browser, link_of_song, name, screen)
        browser.close()


if __name__ == "__main__":
    main()
