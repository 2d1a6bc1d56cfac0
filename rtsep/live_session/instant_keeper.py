"""Keeps an instant process running: starts it again when it has ended, and ends one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import wait

from rtsep.live_session.messages import InstantReady
from rtsep.live_session.shared import Shared
from rtsep.live_session.watch import InstantWatch
from rtsep.processes.keeper import Keeper
from rtsep.processes.process import Child

LOOK_SECONDS = 0.1
WARM_SECONDS = 10.0  # that a session waits for it at most


def wait_until_warm(child: Child) -> None:
    """So that it hears the sound from the first sample on. One that ends or hangs is dealt with
    later, as at any other time; what it says went wrong is raised."""
    end = time.monotonic() + WARM_SECONDS
    while child.alive and time.monotonic() < end:
        if any(isinstance(message, InstantReady) for message in child.receive()):
            return
        wait(child.waitables, LOOK_SECONDS)


class InstantKeeper(Keeper):
    """`start` makes a new child; `on_event` hears why one has ended."""

    def __init__(
        self,
        child: Child,
        start: Callable[[], Child],
        shared: Shared,
        on_event: Callable[[str], None],
    ) -> None:
        """`child` runs already."""
        self._watch = InstantWatch(shared)

        def start_anew() -> Child:
            self._watch.reset()
            return start()

        super().__init__(
            child,
            start_anew,
            answer=lambda child, message: None,
            on_end=lambda reason: on_event(
                f"the instant path is started again, its memory is empty: {reason}"
            ),
        )

    def look(self) -> None:
        super().look()
        if self._watch.hangs():
            self.restart("it did not finish a hop")
