"""Keeps an instant process running: starts it again when it has ended, and ends one that hangs."""

from __future__ import annotations

from collections.abc import Callable

from rtsep.live_session.keeper import Keeper
from rtsep.live_session.shared import Shared
from rtsep.live_session.watch import InstantWatch
from rtsep.processes.process import Child


class InstantKeeper(Keeper):
    """`start` makes a new child; `on_event` hears why one has ended."""

    def __init__(
        self, start: Callable[[], Child], shared: Shared, on_event: Callable[[str], None]
    ) -> None:
        self._watch = InstantWatch(shared)

        def start_anew() -> Child:
            self._watch.reset()
            return start()

        super().__init__(
            start(),
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
