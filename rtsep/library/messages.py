"""What those who hand out work and those who do it say to each other. All of it can be pickled.

Paths travel, and never sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rtsep.library.record import Made, Origin
from rtsep.weights.observer import Observer

Heard = Callable[[int, int, int], None]  # a task's number, samples done, of how many


@dataclass(frozen=True, kw_only=True)
class Task:
    """A file to separate into a folder, under a key, in at most `time_limit` seconds."""

    number: int
    path: Path
    folder: Path
    key: str
    origin: Origin
    time_limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a task. `wall_seconds` it took; `made` is missing where `kind` says why."""

    number: int
    wall_seconds: float
    made: Made | None = None
    kind: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A model is loaded: what the keys of its results depend on, and the names of its outputs."""

    weights: str
    sample_rate: int
    outputs: tuple[str, ...]


class Hands(Protocol):
    """Who does the work: this process, others, other machines. One core hands it out to any."""

    def start(self, observer: Observer) -> Ready:
        """Load the model. Raises ModelError, DownloadError, ConfigError."""
        ...

    @property
    def free(self) -> int:
        """How many tasks can be given."""
        ...

    @property
    def busy(self) -> int:
        """How many were given and are not done."""
        ...

    def give(self, task: Task) -> None: ...

    def collect(self) -> list[Outcome]:
        """Waits for something to happen, which need not be an outcome."""
        ...

    def close(self) -> None:
        """Let go of all that is not done; nothing half stays of it."""
        ...
