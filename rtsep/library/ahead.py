"""Reading and writing beside the computing: a thread each, and a bounded queue between."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from rtsep.closing import Closing

Item = TypeVar("Item")
_LOOK_SECONDS = 0.1  # how often somebody who waits sees that nobody goes on


class Late(Exception):
    """The time is up."""


class _Stopped(Exception):
    """Nobody wants the rest."""


class _Pipe(Generic[Item]):
    """A bounded queue between two threads, whose ends can be torn down while somebody waits."""

    def __init__(self, most: int) -> None:
        self._queue: queue.Queue[Item] = queue.Queue(most)
        self.stopped = threading.Event()

    def put(self, item: Item, deadline: float | None = None) -> None:
        _until(
            lambda: self._queue.put(item, timeout=_LOOK_SECONDS), queue.Full, self.stopped, deadline
        )

    def get(self, deadline: float | None = None) -> Item:
        return _until(
            lambda: self._queue.get(timeout=_LOOK_SECONDS), queue.Empty, self.stopped, deadline
        )


def _until(
    act: Callable[[], Item],
    not_yet: type[Exception],
    stopped: threading.Event,
    deadline: float | None,
) -> Item:
    while not stopped.is_set():
        if deadline is not None and time.monotonic() > deadline:
            raise Late
        try:
            return act()
        except not_yet:
            continue
    raise _Stopped


class ReadAhead(Closing, Generic[Item]):
    """The same items, taken beforehand by a thread of its own. Errors come where they belong.

    One that hangs for ever in what it reads is left behind; whoever waits raises `Late`.
    """

    def __init__(self, items: Iterable[Item], most: int, deadline: float | None = None) -> None:
        self._pipe: _Pipe[list[Item] | Exception | None] = _Pipe(most)
        self._deadline = deadline
        self._reader = threading.Thread(target=self._read, args=(items,), daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Item]:
        while (got := self._pipe.get(self._deadline)) is not None:
            if isinstance(got, Exception):
                raise got
            yield from got

    def close(self) -> None:
        """The items are no longer used afterwards, unless their reader hangs."""
        self._pipe.stopped.set()
        self._reader.join(1.0)

    def _read(self, items: Iterable[Item]) -> None:
        try:
            for item in items:
                self._pipe.put([item])
            self._pipe.put(None)
        except _Stopped:
            return
        except Exception as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        with suppress(_Stopped):
            self._pipe.put(error)


class WriteBehind(Closing, Generic[Item]):
    """Hands items to `write` on a thread of its own. Its error is raised by the next call."""

    def __init__(
        self, write: Callable[[Item], None], most: int, deadline: float | None = None
    ) -> None:
        self._pipe: _Pipe[list[Item] | None] = _Pipe(most)
        self._deadline = deadline
        self._write = write
        self._error: Exception | None = None
        self._writer = threading.Thread(target=self._run, daemon=True)
        self._writer.start()

    def put(self, item: Item) -> None:
        self._send([item])

    def finish(self) -> None:
        """Wait until all is written."""
        self._send(None)
        self._writer.join()
        if self._error:
            raise self._error

    def close(self) -> None:
        """What is waiting is not written any more."""
        self._pipe.stopped.set()
        self._writer.join()

    def _send(self, item: list[Item] | None) -> None:
        with suppress(_Stopped):
            self._pipe.put(item, self._deadline)
            return
        assert self._error is not None
        raise self._error

    def _run(self) -> None:
        try:
            while (got := self._pipe.get()) is not None:
                self._write(got[0])
        except _Stopped:
            return
        except Exception as error:
            self._error = error
            self._pipe.stopped.set()
