"""The terminal UI under its pilot, and what is on the screen as text."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from live_status import a_desk, a_status
from textual.pilot import Pilot

from rtsep.mixer.desk import Desk
from rtsep.status import LiveStatus
from rtsep.tui import LiveApp


class Rig:
    """An app, the desk it moves, and the status it is shown, which a test may replace."""

    def __init__(
        self,
        desk: Desk | None = None,
        status: LiveStatus | None = None,
        page: Callable[[], str] | None = None,
    ) -> None:
        self.desk = desk or a_desk()
        self.status = status or a_status()
        self.stop = threading.Event()
        self.app = LiveApp(self.desk, lambda: self.status, self.stop, page)

    def run(
        self, script: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (80, 24)
    ) -> None:
        """Do what the script does, in a terminal of that size."""

        async def scene() -> None:
            async with self.app.run_test(size=size) as pilot:
                await pilot.pause()
                await script(pilot)

        asyncio.run(scene())

    async def press(self, pilot: Pilot[None], *keys: str) -> None:
        """Press keys. The pilot's own way waits for an idle app, which a live one never is."""
        for key in keys:
            self.app.simulate_key(key)
            for _ in range(2):  # what a key opens gets the focus a message later
                await pilot._wait_for_screen()

    async def lines(self, pilot: Pilot[None]) -> list[str]:
        """The screen after another look."""
        if not self.app._exit:
            self.app.look()
        for _ in range(2):
            await pilot._wait_for_screen()
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    async def text(self, pilot: Pilot[None]) -> str:
        return "\n".join(await self.lines(pilot))

    async def see(self, pilot: Pilot[None], words: str, *, gone: bool = False) -> None:
        """Wait until that is on the screen, or gone from it."""
        end = time.monotonic() + 20
        while (words in (text := await self.text(pilot))) is gone:
            assert time.monotonic() < end, text
            await asyncio.sleep(0.01)
