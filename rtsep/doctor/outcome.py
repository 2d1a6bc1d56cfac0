"""What a check comes to."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from rtsep.processes.questions import Failure

Fact = TypeVar("Fact")


class State(str, Enum):
    OK = "ok"
    ADVICE = "advice"  # live use goes on, less well
    PROBLEM = "problem"  # no live use
    UNKNOWN = "unknown"  # the machine does not tell


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`advice` is what to do, `effect` why: a measured figure where there is one."""

    state: State
    found: str
    advice: str = ""
    effect: str = ""


def ok(found: str) -> Outcome:
    return Outcome(state=State.OK, found=found)


def advise(found: str, advice: str, effect: str) -> Outcome:
    return Outcome(state=State.ADVICE, found=found, advice=advice, effect=effect)


def problem(found: str, advice: str, effect: str) -> Outcome:
    return Outcome(state=State.PROBLEM, found=found, advice=advice, effect=effect)


def unknown(found: str) -> Outcome:
    return Outcome(state=State.UNKNOWN, found=found)


def known(fact: Fact | Failure, check: Callable[[Fact], Outcome | None]) -> Outcome | None:
    """The check of a fact; without the fact it says why."""
    if isinstance(fact, Failure):
        return unknown(f"cannot be found out: {fact.reason}")
    return check(fact)


def further(fact: Fact | Failure, check: Callable[[Fact], Outcome | None]) -> Outcome | None:
    """One more check of a fact; without the fact another check has said why."""
    return None if isinstance(fact, Failure) else check(fact)


def guarded(check: Callable[[], Outcome | None]) -> Outcome | None:
    """A check that fails itself says so, and where; the others go on."""
    try:
        return check()
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        return unknown(f"the check itself failed ({place}): {type(error).__name__}: {error}")
