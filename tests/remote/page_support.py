"""A phone in Chromium, and fingers on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from live_status import STEMS
from playwright.sync_api import Browser, CDPSession, Page
from remote_support import wait_until

from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk
from rtsep.ring.arena import Arena

PHONE, PHONE_SIDE = (390, 760), (780, 360)
SMALL, SMALL_SIDE = (360, 640), (640, 320)
TABLET, TABLET_TALL = (1180, 820), (800, 1180)
PATIENCE_MS = 30_000
SMALLEST = 44  # CSS pixels of what a finger meets
# What a finger can meet, as far as it is on the screen.
TARGETS = """() => [...document.querySelectorAll('button, [role=slider], input')]
  .filter(one => one.offsetParent !== null || one.closest('dialog[open]'))
  .filter(one => one.getClientRects().length)
  .filter(one => !document.querySelector('dialog[open]') || one.closest('dialog[open]'))
  .map(one => { const box = one.getBoundingClientRect();
    return [one.textContent || one.ariaLabel, box.width, box.height, box.left, box.right,
            box.top, box.bottom]; })"""


def desk_of(stems: int, paths: tuple[str, ...] = ("full",)) -> Desk:
    control = Control(Arena(bytearray(4096)), stems)
    control.reset()
    return Desk(STEMS[:stems], control, paths)


class Phone:
    """A page that is open, with what it complained of and what it asked for."""

    def __init__(self, browser: Browser, size: tuple[int, int] = PHONE) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, has_touch=True, is_mobile=True
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def open(self, link: str) -> Phone:
        self.page.goto(link)
        self.wait_for("document.querySelectorAll('.strip').length > 1")
        self.wait_for("/[0-9]/.test(document.getElementById('latency').textContent)")
        return self

    def wait_for(self, true: str) -> None:
        """Playwright's own waiting evaluates text in the page, which its policy forbids."""
        wait_until(lambda: self.page.evaluate(true))

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def fader(self, name: str) -> tuple[float, float, float]:
        """The middle of one, and its height."""
        box = self.page.locator(f"[role=slider][aria-label={name}]").bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["height"]

    def shown(self, name: str) -> str:
        value = self.page.locator(f"[role=slider][aria-label={name}]").get_attribute(
            "aria-valuetext"
        )
        return (value or "").replace("\u2212", "-")

    def wait_shown(self, name: str, value: str) -> None:
        wait_until(lambda: self.shown(name) == value)

    def close(self) -> None:
        self.context.close()


class Fingers:
    """Touches as the screen reports them: all that are down, each time one changes.

    The page hears that fingers are up when the last one is: Chromium's emulation tells no sooner.
    """

    def __init__(self, phone: Phone) -> None:
        self._session: CDPSession = phone.context.new_cdp_session(phone.page)
        self._down: dict[int, tuple[float, float]] = {}

    def down(self, finger: int, x: float, y: float) -> None:
        self._down[finger] = (x, y)
        self._send("touchStart")

    def move(self, **to: tuple[float, float]) -> None:
        """`f1=(x, y)`: all of these at once."""
        self._down |= {int(name[1:]): place for name, place in to.items()}
        self._send("touchMove")

    def up(self, finger: int) -> None:
        del self._down[finger]
        self._send("touchEnd" if not self._down else "touchMove")

    def _send(self, kind: str) -> None:
        points = [{"x": x, "y": y, "id": one} for one, (x, y) in self._down.items()]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


class Wire:
    """A network between a page and its server that can be cut, or go silent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.passes = threading.Event()
        self.passes.set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def listen(self) -> int:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _join(self, inside: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        there, answer = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {out, answer}
        await asyncio.gather(self._pass(inside, answer), self._pass(there, out))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                while not self.passes.is_set():
                    await asyncio.sleep(0.02)
                sink.write(data)
        except ConnectionError:
            pass
        sink.close()
        self._ends.discard(sink)

    async def close(self) -> None:
        self._server.close()
        for end in [*self._ends]:
            end.transport.abort()
        await asyncio.sleep(0.1)


@contextmanager
def wired(port: int) -> Iterator[tuple[Wire, int]]:
    """A wire to that port, and the port at its other end."""
    wire, loop = Wire(port), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield wire, asyncio.run_coroutine_threadsafe(wire.listen(), loop).result(20)
    finally:
        wire.passes.set()
        asyncio.run_coroutine_threadsafe(wire.close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
