"""What the fetching of weights tells its caller. Knows nothing of screens or terminals."""

from __future__ import annotations

import logging
from typing import Protocol


class Observer(Protocol):
    """Told, from the calling thread or another one, what happens while weights are brought here."""

    def phase(self, text: str) -> None:
        """What is being done from now on, until something else is told; a few words."""

    def notice(self, text: str) -> None:
        """One line a person should read."""

    def progress(self, label: str, done: int, total: int) -> None:
        """`done` of `total` bytes of `label` are here; called often, lastly with done == total."""


class LoggingObserver:
    """The default: notices become warnings, because a licence nobody sees is not a notice."""

    def phase(self, text: str) -> None:
        logging.getLogger("rtsep").debug(text)

    def notice(self, text: str) -> None:
        logging.getLogger("rtsep").warning(text)

    def progress(self, label: str, done: int, total: int) -> None:
        logging.getLogger("rtsep").debug("%s: %d of %d bytes", label, done, total)
