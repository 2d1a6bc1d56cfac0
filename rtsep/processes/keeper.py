"""Keeps a child process running: reads what it says, and starts it again when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rtsep.errors import RtsepError
from rtsep.processes.process import Child

_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before another attempt, the more the oftener it fails
_STABLE_SECONDS = 10.0  # of running, after which earlier failures are forgiven


class Keeper:
    """`start` makes a new child, `answer` is told of every message, `on_end` why one has ended."""

    def __init__(
        self,
        child: Child,
        start: Callable[[], Child],
        *,
        answer: Callable[[Child, Any], None],
        on_end: Callable[[str], None],
    ) -> None:
        """`child` runs already."""
        self.child = child
        self._start, self._answer, self._on_end = start, answer, on_end
        self._attempts = 0
        self._started = time.monotonic()
        self._next = 0.0  # when to try again
        self._gone = False

    @property
    def waitables(self) -> tuple[Any, ...]:
        """What becomes ready when there is something to look at."""
        return () if self._gone else self.child.waitables

    def look(self) -> None:
        """Deal with what has happened since the last look. Never waits."""
        now = time.monotonic()
        if self._gone:
            if now >= self._next:
                self.child, self._gone, self._started = self._start(), False, now
            return
        alive = self.child.alive  # before its last words are read
        reason = f"it ended with code {self.child.exit_code}"
        try:
            for message in self.child.receive():
                self._answer(self.child, message)
        except RtsepError as error:
            alive, reason = False, str(error)
        if not alive:
            self._bury(now, reason)

    def adopt(self, child: Child) -> None:
        """In the place of the present one, which somebody else ends."""
        self.child, self._gone, self._started = child, False, time.monotonic()

    def restart(self, reason: str) -> None:
        """End a child that is of no use any more; a new one follows."""
        if not self._gone:
            self._bury(time.monotonic(), reason)

    def _bury(self, now: float, reason: str) -> None:
        self.child.kill()
        if now - self._started > _STABLE_SECONDS:
            self._attempts = 0
        self._next = now + _PAUSES[min(self._attempts, len(_PAUSES) - 1)]
        self._attempts += 1
        self._gone = True
        self._on_end(reason)

    def stop(self, wake: Callable[[], None] = lambda: None) -> None:
        """End the child well. `wake` reminds it of its messages."""
        if not self._gone:
            self.child.stop(wake)
