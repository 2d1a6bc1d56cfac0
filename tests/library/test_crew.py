"""Processes that die, hang or cannot begin, and what becomes of the files they were at."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from rtsep.errors import ConfigError, ModelError, RtsepError
from rtsep.library import cluster, crew, joining
from rtsep.library.crew import Crew
from rtsep.library.messages import Outcome, Ready, Task
from rtsep.library.record import Origin
from rtsep.library.settings import Making, ModelSpec
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Stop
from rtsep.weights.observer import LoggingObserver


def life(link: Connection[Any, Any], model: ModelSpec, making: Making, threads: int) -> None:
    """Of a worker that does what the file's name says."""
    settle_in()
    with telling(link):
        if model.model == "none":
            raise ModelError("no such model")
        if model.model == "too large":
            os._exit(9)
        link.send(Ready(weights="", sample_rate=44_100, outputs=()))
        while not isinstance(task := link.recv(), Stop):
            mark = task.folder / str(task.number)
            if task.path.name == "deadly" or (task.path.name == "once" and not mark.exists()):
                mark.touch()
                os._exit(7)
            if task.path.name == "endless":
                time.sleep(600)
            link.send(Outcome(number=task.number, wall_seconds=0, message=task.path.name))


@contextmanager
def working(jobs: int = 2, model: str = "any") -> Iterator[Crew]:
    hands = Crew(jobs, ModelSpec(model=model), Making(), lambda *heard: None, life)
    try:
        hands.start(LoggingObserver())
        yield hands
    finally:
        hands.close()


def outcomes(hands: Crew, folder: Path, *names: str, limit: float | None = None) -> dict[str, Any]:
    found = {}
    origin = Origin(name="", bytes=0, mtime_ns=0, sha256="")
    for number, name in enumerate(names):
        while not hands.free:
            found |= {names[each.number]: each for each in hands.collect()}
        hands.give(
            Task(number=number, path=Path(name), folder=folder, key="", origin=origin,
                 time_limit=limit)
        )  # fmt: skip
    while hands.busy:
        found |= {names[each.number]: each for each in hands.collect()}
    return found


def test_a_file_has_three_tries(tmp_path: Path) -> None:
    with working() as hands:
        found = outcomes(hands, tmp_path, "a", "deadly", "once", "b", "c")
    assert found["deadly"].kind == "crashed"
    assert "3 processes ended at it, the last one with code 7" in found["deadly"].message
    assert {name: found[name].message for name in ("a", "once", "b", "c")} == {
        name: name for name in ("a", "once", "b", "c")
    }


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_GRACE_SECONDS", 0.5)
    with working(jobs=1) as hands:
        found = outcomes(hands, tmp_path, "endless", "a", limit=0.5)
    assert found["endless"].kind == "time-limit" and found["a"].message == "a"


@pytest.mark.parametrize(
    ("model", "complaint"), [("none", "no such model"), ("too large", "ended with code 9")]
)
def test_a_model_that_cannot_be_loaded(model: str, complaint: str) -> None:
    with pytest.raises(RtsepError, match=complaint), working(model=model):
        pass


def test_a_node_that_does_not_see_the_results(tmp_path: Path) -> None:
    with pytest.raises(RtsepError, match=r"does not see .*elsewhere; results"):
        cluster.Actor(ModelSpec(), Making(), 1, tmp_path / "elsewhere" / "mark")


class _Unasked:
    """A Ray that must not be asked."""

    def init(self, **options: object) -> None:
        raise AssertionError("Ray tries for minutes where nobody answers")

    def shutdown(self) -> None:
        pass


@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not there for this Python")
def test_no_cluster_where_nobody_of_ray_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listens: bool
) -> None:
    monkeypatch.setattr(cluster, "_ray", _Unasked)
    monkeypatch.setattr(joining, "_ANSWER_SECONDS", 2.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if listens:
            taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        hands = cluster.Cluster(address, 0, ModelSpec(), Making(), tmp_path)
        with pytest.raises(ConfigError, match=f"no Ray cluster at {address}.*check the address"):
            hands.start(LoggingObserver())
    hands.close()


@pytest.mark.parametrize("address", ["foo", "", "local", "127.0.0.1", "ray://127.0.0.1:1", "a b:1"])
def test_what_is_no_address_of_a_cluster(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give auto on a node of it, or HOST:PORT"):
        cluster.Cluster(address, 0, ModelSpec(), Making(), tmp_path)


@pytest.mark.parametrize("address", ["10.0.0.5:6379", "head.example:6379", "[::1]:6379", "auto"])
def test_an_address_of_a_cluster(address: str) -> None:
    joining.check_address(address)


def test_without_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RtsepError, match="pip install 'rtsep\\[ray\\]'"):
        cluster.Cluster("auto", 0, ModelSpec(), Making(), tmp_path)
