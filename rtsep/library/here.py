"""The work of a library in this process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rtsep.library.messages import Heard, Outcome, Ready, Task
from rtsep.library.settings import Making, ModelSpec
from rtsep.weights.observer import Observer

if TYPE_CHECKING:
    from rtsep.library.work import Workbench


class Here:
    """A task is done when it is collected."""

    def __init__(self, model: ModelSpec, making: Making, heard: Heard) -> None:
        self._model, self._making, self._heard = model, making, heard
        self._bench: Workbench | None = None
        self._task: Task | None = None

    def start(self, observer: Observer) -> Ready:
        from rtsep.library.opening import open_workbench

        self._bench, ready = open_workbench(self._model, self._making, observer)
        return ready

    @property
    def free(self) -> int:
        return 1 - self.busy

    @property
    def busy(self) -> int:
        return int(self._task is not None)

    def give(self, task: Task) -> None:
        assert self._task is None
        self._task = task

    def collect(self) -> list[Outcome]:
        task, self._task = self._task, None
        if task is None:
            return []
        assert self._bench is not None
        return [self._bench.outcome(task, partial(self._heard, task.number))]

    def close(self) -> None:
        self._task = None
