"""The pages that are open: what each is told, sixty times a second, and what it says.

Knows sockets, and neither browsers nor codes: who gets here has been let in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from rtsep.control.ends import SessionEnds
from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk
from rtsep.remote import messages
from rtsep.remote.codes import code_rows
from rtsep.remote.devices import Devices
from rtsep.remote.page_client import PACE, PageClient
from rtsep.remote.vocabulary import State, Vocabulary, checked_moves
from rtsep.status import LiveStatus

BEAT_SECONDS = 1 / 60
FIGURES_EVERY = 15  # beats
IDLE_SECONDS = 0.1
MOST_PAGES = 32
HEARTBEAT_SECONDS = 20.0  # who does not answer for half of that is gone
GOODBYE_SECONDS = 1.0


class Talks:
    """All in one event loop."""

    def __init__(
        self,
        desk: Desk,
        status: Callable[[], LiveStatus],
        refuse: Callable[[str], None],
        invite: Callable[[], str] | None,
        ends: SessionEnds | None = None,
    ) -> None:
        """`refuse` is told why something was not done. `invite` makes a link that lets another
        device in; without it that needs none. `ends` are the session's input and output."""
        self._desk, self._status, self._refuse, self._invite = desk, status, refuse, invite
        self._vocabulary = Vocabulary(desk)
        self._devices = Devices(ends)
        self._pages: dict[PageClient, asyncio.Event] = {}
        self.connections: set[Any] = set()  # that pages have
        self._ending = False
        self._number, self._frame, self._changes = 0, b"", -1
        self._edition = 1  # of the vocabulary
        self._state: State = {}
        self._figures: dict[str, Any] = {}

    def __len__(self) -> int:
        """Pages that are open now."""
        return len(self._pages)

    def end(self) -> None:
        """Say goodbye to everybody, soon."""
        self._ending = True
        for due in self._pages.values():
            due.set()

    async def beat(self) -> None:
        """Sixty looks a second at the status, shared by all pages; none where there is no page."""
        now = asyncio.get_running_loop().time
        due = now()
        while True:
            due = max(due + BEAT_SECONDS, now())
            await asyncio.sleep(due - now() if self._pages else IDLE_SECONDS)
            if self._pages:
                self._look()

    def _look(self) -> None:
        status = self._status()
        self._number += 1
        self._frame = messages.meters_frame(status, self._number)
        if self._number % FIGURES_EVERY == 1:
            self._figures = messages.figures(status)
        self._look_at_desk()
        for due in self._pages.values():
            due.set()

    def _look_at_desk(self) -> None:
        if self._desk.changes != self._changes:
            self._changes = self._desk.changes  # before the look: what changes meanwhile counts
            self._edition += self._vocabulary.learn()
            self._state = self._vocabulary.state()

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        """One page, until it goes. Its own task tells it things, this one hears it."""
        sock = web.WebSocketResponse(
            timeout=GOODBYE_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            compress=False,
            max_msg_size=messages.LONGEST_MESSAGE,
        )
        await sock.prepare(request)
        if len(self._pages) >= MOST_PAGES:
            self._refuse(f"no more than {MOST_PAGES} pages, {request.remote} is one more")
            await sock.close(
                code=WSCloseCode.TRY_AGAIN_LATER, message=f"{MOST_PAGES} pages are open".encode()
            )
            return sock
        client = PageClient(_now())
        self._pages[client] = asyncio.Event()
        self.connections.add(request.protocol)
        work = [self._tell(client, sock), self._hear(client, sock)]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._pages[client]
            self.connections.discard(request.protocol)
            for task in tasks:
                task.cancel()
            for error in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(error, Exception) and not isinstance(error, ConnectionError):
                    self._refuse(f"a page ended with an error: {error!r}")
        await sock.close(code=WSCloseCode.GOING_AWAY, message=b"rtsep has ended")
        return sock

    async def _tell(self, client: PageClient, sock: web.WebSocketResponse) -> None:
        """All there is, and then what changes; nothing to one that does not keep up."""
        await sock.send_str(self._hello(client))
        due = self._pages[client]
        while not self._ending:
            await due.wait()
            due.clear()
            if not client.hears:
                continue
            if client.edition != self._edition:
                await sock.send_str(self._hello(client))
            news, number, frame = self._news(client), self._number, self._frame
            client.told_frame(number)
            if news:
                await sock.send_str(news)
            await sock.send_bytes(frame)

    def _hello(self, client: PageClient) -> str:
        self._look_at_desk()
        client.begin(self._edition)
        return messages.written(
            hello=messages.facts(self._status())
            | {"stems": self._desk.stems, "controls": self._vocabulary.describe(),
               "codes": self._invite is not None, "ends": bool(self._devices)},
            state=client.news(self._state, _now()),
        )  # fmt: skip

    def _news(self, client: PageClient) -> str:
        """A message, or nothing."""
        parts: dict[str, Any] = {"state": client.news(self._state, _now())}
        if client.figures is not self._figures:
            parts["figures"] = client.figures = self._figures
        parts["refused"], client.refused = client.refused, ""
        parts["devices"], client.devices = client.devices, {}
        parts["done"], client.done = client.done, ""
        if client.invites and self._invite:
            client.invites = False
            link = self._invite()
            parts["invitation"] = {"link": link, "rows": code_rows(link)}
        return messages.written(**parts) if any(parts.values()) else ""

    async def _hear(self, client: PageClient, sock: web.WebSocketResponse) -> None:
        async for message in sock:
            if message.type is not WSMsgType.TEXT:
                await sock.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text is understood")
            elif client.may_speak(_now()):
                self._obey(client, message.data)
            else:
                self._refuse(f"more than {PACE} messages a second from one page")
                await sock.close(
                    code=WSCloseCode.POLICY_VIOLATION, message=b"too many messages a second"
                )

    def _obey(self, client: PageClient, text: str) -> None:
        """Do what a message says, as far as that is possible."""
        try:
            message = messages.read_message(text)
            if isinstance(message.get("seen"), int):
                client.has_seen(message["seen"])
            client.invites |= message.get("invite") is True
            if message.get("devices") is True:
                self._devices.list_for(client)
            moves = checked_moves(message.get("set", {}), messages.MOST_MOVES)
            if "swap" in message:
                self._devices.swap(message["swap"])
        except ConfigError as error:
            moves, client.refused = {}, str(error)
            self._refuse(str(error))
        for name, value in moves.items():
            self._move(client, name, value)

    def _move(self, client: PageClient, name: str, value: float) -> None:
        try:
            held, done = self._vocabulary.set(name, value)
        except ConfigError as error:
            client.refused = str(error)
            self._refuse(str(error))
            return
        client.done = done or client.done
        if held:
            client.moved({held: value}, _now())


def _now() -> float:
    return asyncio.get_running_loop().time()
