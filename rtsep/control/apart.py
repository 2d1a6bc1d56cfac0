"""Slow questions from an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from rtsep.errors import RtsepError

Answer = TypeVar("Answer")


async def apart(work: Callable[[], Answer]) -> Answer:
    """On a thread of its own, which nobody waits for when the loop ends, as it does for those of
    `asyncio.to_thread`. Raises RtsepError as `work` does."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def give(into: Callable[[Any], object], what: object) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if answer.done() else into(what))

    def run() -> None:
        try:
            give(answer.set_result, work())
        except RtsepError as error:
            give(answer.set_exception, error)

    threading.Thread(target=run, name="apart", daemon=True).start()
    return await answer
