"""Inputs and outputs on the pages: looked for when somebody asks, once for all who do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

from rtsep.control.apart import apart
from rtsep.control.ends import Choices, SessionEnds, read_swap
from rtsep.errors import ConfigError, RtsepError
from rtsep.remote.page_client import PageClient

FRESH_SECONDS = 2.0  # in which nobody looks again


class Devices:
    """In one event loop. Without `ends` there is nothing to choose."""

    def __init__(self, ends: SessionEnds | None) -> None:
        self._ends = ends
        self._lock = asyncio.Lock()
        self._found: Choices | None = None
        self._when = 0.0
        self._tasks: dict[PageClient, asyncio.Task[None]] = {}

    def __bool__(self) -> bool:
        return self._ends is not None

    def list_for(self, client: PageClient) -> None:
        """It is told when they are known; meanwhile it does not have to wait."""
        if client not in self._tasks:
            self._tasks[client] = asyncio.create_task(self._list_for(client))

    def swap(self, parts: Any) -> None:
        """Raises ConfigError."""
        self._known().swap(read_swap(parts))

    async def _list_for(self, client: PageClient) -> None:
        try:
            client.devices = await self._listed()
        except RtsepError as error:
            client.refused = str(error)
        del self._tasks[client]

    async def _listed(self) -> dict[str, Any]:
        ends = self._known()
        async with self._lock:  # one look at a time
            if self._found is None or time.monotonic() > self._when + FRESH_SECONDS:
                self._found = await apart(ends.choices)
                self._when = time.monotonic()
        return {**asdict(self._found), "now": asdict(ends.now)}

    def _known(self) -> SessionEnds:
        if self._ends is None:
            raise ConfigError("the devices of this session cannot be changed")
        return self._ends
