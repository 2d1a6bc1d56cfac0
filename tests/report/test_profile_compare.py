"""Verdicts on two profiles: as sure as their runs, and not surer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtsep.errors import ConfigError
from rtsep.report.profile.compare import (
    ALPHA,
    _counts,
    _cut,
    cautions,
    compare,
    differences,
    read_profile,
)


def run(step: float) -> dict[str, Any]:
    times = {"p50": step, "p99": 1.2 * step}
    return {
        "step_ms": times,
        "answer_ms": times,
        "callbacks": {"took_ms": {"p50": 0.5}, "jitter_ms": {"p99": 0.1}},
        "clocks": {"busy": 0.5, "stolen": 0.0},
    }


def profile(*steps: float, **settings: Any) -> dict[str, Any]:
    return {
        "date": "2026-01-01T10:00:00+00:00",
        "settings": {"model": "m", "processor": "p", **settings},
        "runs": [run(step) for step in steps],
    }


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (4, 4), (3, 5)])
def test_the_distribution_of_u_is_that_of_all_orders(m: int, n: int) -> None:
    counted = [0] * (m * n + 1)
    for a in itertools.combinations(range(m + n), m):
        b = set(range(m + n)) - set(a)
        counted[sum(1 for x in a for y in b if y < x)] += 1
    assert _counts(m, n) == tuple(counted)


@pytest.mark.parametrize("runs", [(5, 5), (4, 6), (8, 8)])
def test_chance_is_found_faster_no_more_often_than_alpha(runs: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    trials = 400
    wrong = outside = 0
    for _ in range(trials):
        a, b = (rng.lognormal(3, 0.2, count) for count in runs)
        found = compare(profile(*a), profile(*b))[0]
        wrong += found.verdict in ("B is faster", "B is slower")
        assert found.low is not None and found.high is not None
        outside += not found.low <= 1 <= found.high
    # Three standard deviations of a binomial above the level.
    most = trials * (ALPHA + 3 * (ALPHA * (1 - ALPHA) / trials) ** 0.5)
    assert wrong <= most and outside <= most


def test_a_real_difference_is_found_and_sized() -> None:
    rng = np.random.default_rng(1)
    a, b = 100 * rng.lognormal(0, 0.03, 6), 80 * rng.lognormal(0, 0.03, 6)
    found = compare(profile(*a), profile(*b))[0]
    assert found.verdict == "B is faster"
    assert found.low is not None and found.high is not None
    assert found.low < 0.8 < found.high < 1
    assert compare(profile(*b), profile(*a))[0].verdict == "B is slower"


def test_few_runs_say_that_they_are_few() -> None:
    for m, n in ((1, 1), (3, 3), (1, 20)):
        found = compare(profile(*[100.0] * m), profile(*[1.0] * n))[0]
        assert found.verdict == "too few runs to tell" and found.low is None
    assert _cut(3, 3) is None and _cut(4, 4) == 0
    assert compare(profile(*[100.0] * 4), profile(*[1.0] * 4))[0].verdict == "B is faster"


def test_equal_runs_show_no_difference() -> None:
    found = compare(profile(*[50.0] * 6), profile(*[50.0] * 6))[0]
    assert found.verdict == "no difference shown" and found.ratio == 1 and found.p == 1


def test_what_differs_besides_is_said() -> None:
    a, b = profile(1.0, mode="exact"), profile(1.0, mode="incremental", processor="q")
    assert differences(a, b) == {"mode": ("exact", "incremental"), "processor": ("p", "q")}
    b["date"] = "2026-01-02T10:00:00+00:00"
    b["runs"][0]["clocks"]["stolen"] = 0.2
    assert len(cautions(a, b)) == 3 and not cautions(a, profile(2.0))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "{}", '{"runs": []}', json.dumps({"settings": {}, "runs": [{}]}),
     json.dumps({**profile(1.0), "runs": []}), json.dumps(profile(-1.0)),
     json.dumps(profile(float("nan"))), json.dumps({**profile(1.0), "settings": 3})],
)  # fmt: skip
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"x\.json is no profile"):
        read_profile(path)


def test_a_profile_may_follow_other_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("measuring\n" + json.dumps(profile(1.0)) + "\n")
    assert read_profile(path) == profile(1.0)
