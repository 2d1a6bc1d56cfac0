"""The work of a library in processes of their own, each with the model loaded once.

A process that dies costs the task it was at one try of three, and is replaced. One whose file has
had its time and that does not see it itself is ended.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from rtsep.errors import RtsepError
from rtsep.library.backlog import TRIES, Backlog
from rtsep.library.kinds import CRASHED, TIME_LIMIT
from rtsep.library.messages import Heard, Outcome, Ready, Task
from rtsep.library.settings import Making, ModelSpec
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Stop
from rtsep.processes.process import Child
from rtsep.weights.observer import Observer

_LOOK_SECONDS = 0.5
_TELL_SECONDS = 0.3  # between two words of how far a file is
_GRACE_SECONDS = 20.0  # for a process to see by itself that a file's time is up


@dataclass(frozen=True)
class _Far:
    """How far a task is."""

    number: int
    done: int
    total: int


@dataclass(frozen=True)
class _Told:
    """A call of the observer."""

    method: str
    arguments: tuple[Any, ...]


class _Messenger:
    """A `weights.Observer` that is heard by the parent."""

    def __init__(self, link: Connection[Any, Any]) -> None:
        self._link = link

    def phase(self, text: str) -> None:
        self._link.send(_Told("phase", (text,)))

    def notice(self, text: str) -> None:
        self._link.send(_Told("notice", (text,)))

    def progress(self, label: str, done: int, total: int) -> None:
        self._link.send(_Told("progress", (label, done, total)))


@dataclass
class _Worker:
    """A process, and what it is at since when."""

    child: Child
    ready: Ready | None = None
    task: Task | None = None
    began: float = 0.0


class Crew:
    """`jobs` processes, which share the processors."""

    def __init__(
        self,
        jobs: int,
        model: ModelSpec,
        making: Making,
        heard: Heard,
        life: Callable[..., None] | None = None,
    ) -> None:
        """Each lives the `life` of `serve`, unless another one is given."""
        self._life = life or serve
        self._jobs, self._model, self._making, self._heard = jobs, model, making, heard
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._waiting = Backlog()
        self._died_early = 0
        self._observer: Observer | None = None

    def start(self, observer: Observer) -> Ready:
        """The first one may fetch the model, the others find it."""
        self._observer = observer
        first = self._begin()
        while first.ready is None:
            self._listen([first])
            if not first.child.alive and first.ready is None:
                raise RtsepError(
                    f"a process ended with code {first.child.exit_code} while it loaded the model"
                )
        self._observer = None  # others would tell the same
        for _ in range(self._jobs - 1):
            self._begin()
        return first.ready

    @property
    def free(self) -> int:
        idle = sum(each.task is None for each in self._workers)
        return max(idle - len(self._waiting), 0)

    @property
    def busy(self) -> int:
        return sum(each.task is not None for each in self._workers) + len(self._waiting)

    def give(self, task: Task) -> None:
        self._waiting.add(task)
        self._hand_out()

    def collect(self) -> list[Outcome]:
        found = self._listen(self._workers)
        found += [outcome for each in self._workers if (outcome := self._looked_after(each))]
        self._hand_out()
        return found

    def close(self) -> None:
        """What they were at is removed with the next run, or by whoever tidies."""
        for each in self._workers:
            each.child.kill()
        self._workers.clear()
        self._waiting.clear()

    def _begin(self) -> _Worker:
        arguments = (self._model, self._making, _threads(self._jobs))
        worker = _Worker(Child(self._context, "library", self._life, *arguments))
        self._workers.append(worker)
        return worker

    def _hand_out(self) -> None:
        for each in self._workers:
            if each.task is None and self._waiting:
                each.task, each.began = self._waiting.next(), time.monotonic()
                each.child.send(each.task)

    def _listen(self, workers: list[_Worker]) -> list[Outcome]:
        wait([handle for each in workers for handle in each.child.waitables], _LOOK_SECONDS)
        return [outcome for each in workers for outcome in self._heard_of(each)]

    def _heard_of(self, worker: _Worker) -> list[Outcome]:
        outcomes = []
        for message in worker.child.receive():
            if isinstance(message, _Told):
                if self._observer:
                    getattr(self._observer, message.method)(*message.arguments)
            elif isinstance(message, Ready):
                worker.ready, worker.began = message, time.monotonic()
            elif isinstance(message, _Far):
                self._heard(message.number, message.done, message.total)
            else:
                outcomes.append(message)
                worker.task = None
        return outcomes

    def _looked_after(self, worker: _Worker) -> Outcome | None:
        """End one that is too late, and replace one that has ended."""
        task, since = worker.task, time.monotonic() - worker.began
        limit = task.time_limit if task and worker.ready else None
        late = limit is not None and since > limit + _GRACE_SECONDS
        if worker.child.alive and not late:
            return None
        if worker.ready is None:
            self._died_early += 1
        code = worker.child.exit_code
        if self._died_early == TRIES:
            raise RtsepError(
                f"{TRIES} processes ended while they loaded the model, the last one with code "
                f"{code}; fewer --jobs need less memory"
            )
        worker.child.kill()
        self._workers.remove(worker)
        self._begin()
        if task is None:
            return None
        if late:
            return self._lost(task, since, TIME_LIMIT, f"not done after {limit:g} s")
        if self._waiting.again(task):
            return None
        return self._lost(
            task, since, CRASHED, f"{TRIES} processes ended at it, the last one with code {code}"
        )

    @staticmethod
    def _lost(task: Task, seconds: float, kind: str, message: str) -> Outcome:
        return Outcome(number=task.number, wall_seconds=seconds, kind=kind, message=message)


def serve(link: Connection[Any, Any], model: ModelSpec, making: Making, threads: int) -> None:
    """The whole life of such a process."""
    settle_in()
    with telling(link):
        import torch

        from rtsep.library.opening import open_workbench
        from rtsep.setup.runtime import prepare_process

        torch.set_num_threads(min(threads, torch.get_num_threads()))
        prepare_process()
        bench, ready = open_workbench(model, making, _Messenger(link))
        link.send(ready)
        while not isinstance(task := link.recv(), Stop):
            link.send(bench.outcome(task, _Reporter(link, task.number)))


class _Reporter:
    """Says how far a task is, now and then."""

    def __init__(self, link: Connection[Any, Any], number: int) -> None:
        self._link, self._number, self._last = link, number, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _TELL_SECONDS:
            self._last = time.monotonic()
            self._link.send(_Far(self._number, done, total))


def _threads(jobs: int) -> int:
    return max((os.cpu_count() or 1) // jobs, 1)
