"""A remote page's server on a free port, and a client that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from live_status import a_desk, a_status

import rtsep.remote.server as remote_server
from rtsep.control.ends import SessionEnds
from rtsep.control.listening import HostPort
from rtsep.mixer.desk import Desk
from rtsep.remote.server import RemoteServer
from rtsep.status import LiveStatus

SECONDS = 20.0  # that a test waits at most


class RemoteRig:
    """A desk, the server that shows it, and what that reported."""

    def __init__(self, desk: Desk | None = None, ends: SessionEnds | None = None) -> None:
        self.desk = desk or a_desk()
        self.status: LiveStatus = a_status()
        self.ends = ends
        self.events: list[str] = []
        self.looks = 0
        self.server = self._serve(0)

    @property
    def link(self) -> str:
        return self.server.links[0]

    @property
    def port(self) -> int:
        return self.server.address[1]

    def restart(self) -> None:
        """Another server in the place of the one before."""
        self.server = self._serve(self.port)

    def _serve(self, port: int) -> RemoteServer:
        place = HostPort("127.0.0.1", port)
        return RemoteServer(self.desk, self._look, place, self.events.append, ends=self.ends)

    def _look(self) -> LiveStatus:
        self.looks += 1
        return self.status

    def play(self, scene: Callable[[RemoteRig], Awaitable[None]]) -> None:
        asyncio.run(asyncio.wait_for(scene(self), 3 * SECONDS))


def locked_rig(monkeypatch: pytest.MonkeyPatch) -> RemoteRig:
    """One that takes its own machine for the network, and so wants a code."""
    monkeypatch.setattr(remote_server, "is_loopback", lambda host: False)
    return RemoteRig()


class Talker:
    """A page without a browser: `async with`."""

    def __init__(self, rig: RemoteRig, **options: Any) -> None:
        self._rig, self._options = rig, options
        self.state: dict[str, Any] = {}
        self.texts: list[dict[str, Any]] = []
        self.frames: list[int] = []
        self.levels: list[tuple[float, float]] = []
        self.answers = True  # says what it has seen

    async def __aenter__(self) -> Talker:
        self._session = aiohttp.ClientSession()
        try:
            self.socket = await self._session.ws_connect(
                f"ws://127.0.0.1:{self._rig.port}/socket",
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                **self._options,
            )
        except aiohttp.ClientError:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.socket.close()
        await self._session.close()

    async def say(self, **parts: Any) -> None:
        await self.socket.send_str(json.dumps({"v": 1, **parts}))

    async def hear(self) -> aiohttp.WSMessage:
        message = await self.socket.receive(SECONDS)
        if message.type is aiohttp.WSMsgType.TEXT:
            self.texts.append(json.loads(message.data))
            assert self.texts[-1]["v"] == 1
            self.state |= self.texts[-1].get("state", {})
        elif message.type is aiohttp.WSMsgType.BINARY:
            version, count, number = struct.unpack_from("<BBxxI", message.data)
            assert version == 1 and len(message.data) == 8 + 4 * count
            self.levels = [
                (a / 100, b / 100) for a, b in struct.iter_unpack("<hh", message.data[8:])
            ]
            self.frames.append(number)
            if self.answers:
                await self.say(seen=number)
        return message

    async def hear_until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end, (self.texts[-5:], self.state)
            message = await self.hear()
            assert message.type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message

    async def hear_frames(self, count: int) -> None:
        until = len(self.frames) + count
        await self.hear_until(lambda: len(self.frames) >= until)

    async def hear_the_end(self) -> int:
        """The code with which the server closes."""
        while (message := await self.hear()).type in (
            aiohttp.WSMsgType.TEXT,
            aiohttp.WSMsgType.BINARY,
        ):
            pass
        return int(self.socket.close_code or message.data)


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)
