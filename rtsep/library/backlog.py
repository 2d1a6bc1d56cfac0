"""Tasks that nobody is at, for hands that may die at theirs."""

from __future__ import annotations

from rtsep.library.messages import Task

TRIES = 3  # for a task, and for a process to load a model


class Backlog:
    """First come, first served. One whose hand died comes back in front of all others."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._deaths: dict[int, int] = {}  # by a task's number

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: Task) -> None:
        self._tasks.append(task)

    def next(self) -> Task:
        return self._tasks.pop(0)

    def again(self, task: Task) -> bool:
        """Its hand died. False, and the task is not here, after the last of its tries."""
        self._deaths[task.number] = self._deaths.get(task.number, 0) + 1
        tried_enough = self._deaths[task.number] == TRIES
        if not tried_enough:
            self._tasks.insert(0, task)
        return not tried_enough

    def clear(self) -> None:
        self._tasks.clear()
