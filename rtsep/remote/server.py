"""The remote page's server: a thread with an event loop of its own, in the main process.

Nothing here is near the audio: it asks the desk and the status as the terminal does. Bound to this
machine unless a host is given, and to no network in silence; there it wants a code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable

from aiohttp import web

from rtsep.closing import Closing
from rtsep.control.ends import SessionEnds
from rtsep.control.listening import HostPort, bound_socket, is_loopback
from rtsep.mixer.desk import Desk
from rtsep.remote.door import Door
from rtsep.remote.site import Site
from rtsep.remote.talks import GOODBYE_SECONDS, Talks
from rtsep.remote.where import links
from rtsep.status import LiveStatus

DANGER = "who has the code can move the faders; nothing on the way is encrypted"
REPORT_SECONDS = 1.0
MOST_CONNECTIONS = 96  # pages, and browsers that fetch files


class RemoteServer(Closing):
    """Listens from when it is made until `close`.

    `on_event` gets sentences for the user: where it listens, who came in, and at most once a second
    what was refused. It is called from that thread too. Raises ConfigError where it cannot listen.
    """

    def __init__(
        self,
        desk: Desk,
        status: Callable[[], LiveStatus],
        spec: HostPort,
        on_event: Callable[[str], object],
        warn: Callable[[str], object] | None = None,
        ends: SessionEnds | None = None,
    ) -> None:
        """`warn` is told, before it happens, that others than this machine will reach the desk;
        without it that is refused. `ends` are the session's input and output."""
        self.refused = 0  # requests and messages that meant nothing, or came from nobody we know
        self._on_event = on_event
        self._socket = bound_socket(socket.SOCK_STREAM, spec, "the remote page", DANGER, warn)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._door = Door(locked=not is_loopback(self.address[0]))
        invite = (lambda: self.links[0]) if self._door.locked else None
        self._talks = Talks(desk, status, self._refuse, invite, ends)
        self._unreported, self._why = 0, ""
        self._ready = threading.Event()
        on_event(f"the remote page: {links(*self.address)[0]}")
        self._thread = threading.Thread(target=self._run, name="remote", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def links(self) -> list[str]:
        """Where the page is, the likeliest first; to be let in once, where it takes a code. The
        code of an earlier link is void then."""
        code = f"?code={self._door.new_code()}" if self._door.locked else ""
        return [f"{link}{code}" for link in links(*self.address)]

    @property
    def takes_codes(self) -> bool:
        return self._door.locked

    @property
    def pages(self) -> int:
        """That are open now."""
        return len(self._talks)

    def close(self) -> None:
        """Say goodbye to the pages, end the thread and free the port. May be called twice."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # the session goes on without it
            self._on_event(f"the remote page has ended: {error}")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _, context: self._refuse(context["message"]))
        site = Site(self._door, self._talks.talk, self._refuse, self._entered)
        runner = web.AppRunner(
            site.application(self.address[1]),
            handle_signals=False,
            access_log=None,
            logger=self._logger(),
            keepalive_timeout=30,
            shutdown_timeout=GOODBYE_SECONDS,
        )
        await runner.setup()
        assert runner.server
        self._http = runner.server
        listening = await self._loop.create_server(self._connection, sock=self._socket)
        work = [self._talks.beat(), self._reports(), self._closing.wait()]
        tasks = [asyncio.ensure_future(each) for each in work]
        self._ready.set()
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            listening.close()
            self._talks.end()
            await runner.cleanup()

    def _logger(self) -> logging.Logger:
        """What the library has to say of its clients becomes an event, at most one a second."""
        logger = logging.Logger("rtsep.remote", logging.WARNING)
        handler = logging.Handler()
        handler.emit = lambda record: self._refuse(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)
        return logger

    def _connection(self) -> asyncio.BaseProtocol:
        """For a newcomer. Where there are too many, who has been here longest without a page goes:
        it may be one that never asks for anything."""
        there = [one for one in self._http.connections if one.transport]
        idle = [one for one in there if one not in self._talks.connections]
        for one in idle[: max(len(there) + 1 - MOST_CONNECTIONS, 0)]:
            one.force_close()
        return self._http()

    async def _reports(self) -> None:
        """Tell the user what was refused, at most once a second."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self._unreported:
                self._on_event(
                    f"the remote page: {self._unreported} refused, the last: {self._why}"
                )
                self._unreported = 0

    def _entered(self) -> None:
        self._on_event("the remote page: a device was let in, and its code is used up")

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self._unreported += 1
        self._why = why
