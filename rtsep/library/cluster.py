"""The work of a library on a Ray cluster (PyPI `ray`, the extra `ray`).

Actors load the model once. Paths go through Ray, and never sound: a shared file system is the
contract, and an actor that does not see it is told from the start. Items are handed out one by one.
An actor or a node that dies costs its item one try of three; another actor is asked for in its
place, and waits until the cluster has room for it.
"""

from __future__ import annotations

import platform
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError, RtsepError
from rtsep.library.backlog import TRIES, Backlog
from rtsep.library.joining import check_address, check_answering, no_cluster
from rtsep.library.kinds import CRASHED
from rtsep.library.messages import Outcome, Ready, Task
from rtsep.library.settings import Making, ModelSpec
from rtsep.weights.observer import LoggingObserver, Observer

_LOOK_SECONDS = 0.5
_START_SECONDS = 600.0  # for the first actor: it may have to fetch weights


class Actor:
    """What runs on a node. Made into a Ray actor by `Cluster`, so that this module needs no Ray to
    be imported."""

    def __init__(self, model: ModelSpec, making: Making, threads: int, seen: Path) -> None:
        if not seen.exists():
            raise RtsepError(
                f"{platform.node()} does not see {seen.parent}; results and inputs have to "
                "lie on a file system that all nodes see at the same paths"
            )
        import torch

        from rtsep.library.opening import open_workbench
        from rtsep.setup.runtime import prepare_process

        if threads:  # a worker that is used again keeps its first number otherwise
            torch.set_num_threads(threads)
        prepare_process()
        self._bench, self._ready = open_workbench(model, making, LoggingObserver())

    def ready(self) -> Ready:
        return self._ready

    def outcome(self, task: Task) -> Outcome:
        return self._bench.outcome(task)


@dataclass
class _Hand:
    """An actor, and what it is asked: whether it is ready, or to do a task."""

    actor: Any
    asked: Any
    task: Task | None = None
    ready: bool = False
    began: float = 0.0


class Cluster:
    """As many actors as `jobs` says, else one per graphics card, else one per node."""

    def __init__(
        self, address: str, jobs: int, model: ModelSpec, making: Making, out: Path
    ) -> None:
        """Raises ConfigError without Ray, and for what is no address."""
        check_address(address)
        self._ray = _ray()
        self._address, self._jobs = address, jobs
        self._model, self._making, self._out = model, making, out
        self._hands: list[_Hand] = []
        self._waiting = Backlog()

    def start(self, observer: Observer) -> Ready:
        observer.phase(f"joining the Ray cluster {self._address}")
        check_answering(self._address)
        try:
            self._ray.init(address=self._address, log_to_driver=False, logging_level="error")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise no_cluster(self._address, _first_sentence(error)) from error
        self._out.mkdir(parents=True, exist_ok=True)
        self._seen = self._out.absolute() / f".rtsep-shared-{secrets.token_hex(8)}"
        self._seen.touch()
        count, self._options, self._threads = _shares(self._ray, self._jobs)
        observer.phase(f"loading {self._model.model} on {count} actors")
        for _ in range(count):
            self._begin()
        return self._first_ready()

    @property
    def free(self) -> int:
        idle = sum(each.ready and each.task is None for each in self._hands)
        return max(idle - len(self._waiting), 0)

    @property
    def busy(self) -> int:
        return sum(each.task is not None for each in self._hands) + len(self._waiting)

    def give(self, task: Task) -> None:
        self._waiting.add(task)
        self._hand_out()

    def collect(self) -> list[Outcome]:
        asked = {each.asked: each for each in self._hands if each.asked is not None}
        done, _ = self._ray.wait(list(asked), num_returns=1, timeout=_LOOK_SECONDS)
        found = [outcome for ref in done if (outcome := self._answered(asked[ref]))]
        self._hand_out()
        return found

    def close(self) -> None:
        for each in self._hands:
            self._ray.kill(each.actor)
        self._hands.clear()
        if hasattr(self, "_seen"):
            self._seen.unlink(missing_ok=True)
        self._ray.shutdown()

    def _first_ready(self) -> Ready:
        """Others may still be loading, or wait for a node to join."""
        asked = [each.asked for each in self._hands]
        done, _ = self._ray.wait(asked, num_returns=1, timeout=_START_SECONDS)
        if not done:
            raise RtsepError(f"no actor was ready after {_START_SECONDS:g} s; see `ray status`")
        ready: Ready = self._got(done[0])
        return ready

    def _got(self, ref: Any) -> Any:
        """Raises RtsepError for what an actor says of its beginning."""
        try:
            return self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            said = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
            raise RtsepError(f"an actor could not begin: {said}") from error

    def _begin(self) -> None:
        made = self._ray.remote(Actor).options(max_restarts=0, **self._options)
        actor = made.remote(self._model, self._making, self._threads, self._seen)
        self._hands.append(_Hand(actor, actor.ready.remote()))

    def _hand_out(self) -> None:
        for each in self._hands:
            if each.ready and each.task is None and self._waiting:
                each.task, each.began = self._waiting.next(), time.monotonic()
                each.asked = each.actor.outcome.remote(each.task)

    def _answered(self, hand: _Hand) -> Outcome | None:
        if not hand.ready:
            self._got(hand.asked)
            hand.ready, hand.asked = True, None
            return None
        task, hand.task = hand.task, None
        assert task is not None
        try:
            outcome: Outcome = self._ray.get(hand.asked)
        except self._ray.exceptions.RayError as error:
            return self._died(hand, task, error)
        hand.asked = None
        return outcome

    def _died(self, hand: _Hand, task: Task, error: Exception) -> Outcome | None:
        self._hands.remove(hand)
        self._begin()
        if self._waiting.again(task):
            return None
        seconds, kind = time.monotonic() - hand.began, type(error).__name__
        message = f"{TRIES} actors ended at it, the last one with {kind}"
        return Outcome(number=task.number, wall_seconds=seconds, kind=CRASHED, message=message)


def _shares(ray: Any, jobs: int) -> tuple[int, dict[str, Any], int]:
    """How many actors, what each takes of its node, and its threads (0: as PyTorch has it)."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cards = int(sum(node.get("GPU", 0) for node in nodes))
    if cards:
        return jobs or cards, {"num_gpus": 1}, 0
    cores = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if not cores:
        raise ConfigError("the Ray cluster has neither processors nor graphics cards to give")
    count = jobs or len(cores)
    each = max(min(min(cores), sum(cores) // count), 1)
    return count, {"num_cpus": each}, each


def _first_sentence(error: Exception) -> str:
    """Ray goes on with what is no advice here."""
    return str(error).strip().splitlines()[0].partition(". ")[0].rstrip(".")


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--ray needs Ray: pip install 'rtsep[ray]'") from error
    return ray
