"""What all tests in here ask of hostile inputs."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.fuzz.kinds import kind
from tests.fuzz.sandbox import Sandbox


def some(examples: int) -> settings:
    """Few, and the same in every run: here they guard what holds; `python -m bench.fuzz` looks for
    what does not, with other inputs every time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


SEEDS = st.integers(0, (1 << 32) - 1)  # of an input; all else follows from it


def holds(sandbox: Sandbox, name: str, seed: int) -> None:
    data = kind(name).make(Random(seed))
    outcome = sandbox.check(name, data)
    assert outcome.kind in ("accepted", "refused"), (outcome.text, seed, len(data))


def refused(sandbox: Sandbox, name: str, data: bytes) -> str:
    """The error that an input deserves."""
    outcome = sandbox.check(name, data)
    assert outcome.kind == "refused", outcome
    return outcome.text


def accepted(sandbox: Sandbox, name: str, data: bytes) -> None:
    outcome = sandbox.check(name, data)
    assert outcome.kind == "accepted", outcome
