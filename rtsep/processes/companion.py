"""What is looked after together with the processes of a session, and knows what they say."""

from __future__ import annotations

from typing import Any, Protocol


class Companion(Protocol):
    """Something beside the processes of a session that its supervisor looks after."""

    @property
    def waitables(self) -> tuple[Any, ...]: ...
    def look(self) -> None: ...
    def hear(self, message: Any) -> None:
        """What the audio process says."""

    def close(self) -> None:
        """The session ends, and nobody looks any more."""
