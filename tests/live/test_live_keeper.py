"""A child that keeps ending is started again, ever less often; one that runs is forgiven."""

from __future__ import annotations

from typing import Any

import pytest

from rtsep.errors import ConfigError
from rtsep.processes import keeper
from rtsep.processes.keeper import Keeper


class Time:
    """A clock that the test turns."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Actor:
    """A child as a keeper sees it."""

    waitables = ()
    exit_code = -9

    def __init__(self) -> None:
        self.alive = True
        self.killed = False
        self.messages: list[Any] = []

    def receive(self) -> list[Any]:
        messages, self.messages = self.messages, []
        if isinstance(messages and messages[0], Exception):
            raise messages[0]
        return messages

    def kill(self) -> None:
        self.killed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(keeper, "time", time)
    return time


@pytest.fixture
def kept(clock: Time) -> dict[str, Any]:
    """A keeper, the children it started, what it heard and what ended."""
    stage: dict[str, Any] = {"children": [Actor()], "answers": [], "ends": []}

    def start() -> Actor:
        stage["children"].append(Actor())
        return stage["children"][-1]

    stage["keeper"] = Keeper(
        stage["children"][0],
        start,  # type: ignore[arg-type]
        answer=lambda child, message: stage["answers"].append(message),
        on_end=stage["ends"].append,
    )
    return stage


def test_messages_are_answered(kept: dict[str, Any]) -> None:
    kept["children"][0].messages = ["one", "two"]
    kept["keeper"].look()
    assert kept["answers"] == ["one", "two"] and not kept["ends"]


def test_last_words_are_heard_before_the_end(kept: dict[str, Any]) -> None:
    child = kept["children"][0]
    child.messages, child.alive = ["bye"], False
    kept["keeper"].look()
    assert kept["answers"] == ["bye"] and kept["ends"] == ["it ended with code -9"]
    assert child.killed and kept["keeper"].waitables == ()


def test_a_failure_is_the_reason(kept: dict[str, Any]) -> None:
    kept["children"][0].messages = [ConfigError("the card is gone")]
    kept["keeper"].look()
    assert kept["ends"] == ["the card is gone"]


def test_attempts_become_rarer_and_never_cease(kept: dict[str, Any], clock: Time) -> None:
    pauses = []
    for _ in range(7):
        kept["children"][-1].alive = False
        kept["keeper"].look()
        ended, count = clock.now, len(kept["children"])
        while len(kept["children"]) == count:
            kept["keeper"].look()
            clock.now += 0.25
        pauses.append(clock.now - 0.25 - ended)
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_child_that_ran_for_long_is_replaced_at_once(kept: dict[str, Any], clock: Time) -> None:
    for pause in (0.0, 0.5):
        kept["children"][-1].alive = False
        kept["keeper"].look()
        clock.now += pause
        kept["keeper"].look()
    clock.now += 60
    kept["children"][-1].alive = False
    kept["keeper"].look()
    kept["keeper"].look()
    assert len(kept["children"]) == 4


def test_a_restart_is_asked_for_once(kept: dict[str, Any]) -> None:
    kept["keeper"].restart("it hangs")
    kept["keeper"].restart("it hangs")
    assert kept["ends"] == ["it hangs"] and kept["children"][0].killed
