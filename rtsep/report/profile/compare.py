"""Whether one profile is faster than another, as surely as their runs can tell.

A run is one observation: steps within a run share its luck (where threads came to lie, what else
the machine did), and thousands of them say nothing about the next run. The verdict rests on the
medians (or p99s) of runs: the two-sided test of Wilcoxon, Mann and Whitney (1945, 1947), exact, and
the interval for the ratio of Hodges and Lehmann (1963) that belongs to it, on logarithms. Neither
assumes anything about how times are distributed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from rtsep.errors import ConfigError

ALPHA = 0.05
STOLEN_SHARE = 0.005  # of the processors, from which on it is worth a word
# name -> where a run has it
MEASURES = {
    "step p50": ("step_ms", "p50"),
    "step p99": ("step_ms", "p99"),
    "answer p50": ("answer_ms", "p50"),
    "answer p99": ("answer_ms", "p99"),
    "callback p50": ("callbacks", "took_ms", "p50"),
    "callback jitter p99": ("callbacks", "jitter_ms", "p99"),
}
LENGTH = {"samples", "ms"}  # how a length is told
_MACHINE = ("processor", "cores", "system")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Of one measure, in ms. `ratio` is b / a with its interval; `low` and `high` are None where
    there are too few runs for one at this level."""

    name: str
    a: float
    b: float
    ratio: float
    low: float | None
    high: float | None
    p: float
    smallest_p: float  # that so many runs could give

    @property
    def verdict(self) -> str:
        if self.smallest_p > ALPHA:
            return "too few runs to tell"
        if self.p > ALPHA:
            return "no difference shown"
        return "B is faster" if self.ratio < 1 else "B is slower"


def read_profile(path: Path) -> dict[str, Any]:
    """Raises ConfigError for anything that `rtsep profile --json` has not written."""
    try:
        text = path.read_text("utf-8").strip()
        profile = json.loads(text.splitlines()[-1] if text else "")
        for run in profile["runs"]:
            for where in MEASURES.values():
                if not _figure(run, where) > 0:
                    raise ValueError("a time is not above 0")
        if not profile["runs"] or not isinstance(profile["settings"], dict):
            raise ValueError("there are no runs")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no profile; make one with `rtsep profile --runs 5 --json > {path.name}`"
        ) from error
    return dict(profile)


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Comparison]:
    """Each of `MEASURES`."""
    return [
        _compare(name, *([_figure(run, where) for run in side["runs"]] for side in (a, b)))
        for name, where in MEASURES.items()
    ]


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The settings in which two profiles differ: what is compared, it is to be hoped.

    One by one, as in "spec.hop"; None where a profile does not tell. Lengths stay together.
    """
    ours, theirs = (_flat({"rtsep": one.get("rtsep"), **one["settings"]}) for one in (a, b))
    return {
        name: (ours.get(name), theirs.get(name))
        for name in dict.fromkeys([*ours, *theirs])
        if ours.get(name) != theirs.get(name)
    }


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and set(value) != LENGTH:
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def cautions(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Why a difference might not come from what was changed."""
    found = []
    changed = differences(a, b)
    machine = [name for name in _MACHINE if name in changed]
    if machine:
        found.append(f"the machines differ: {', '.join(machine)}")
    stolen = [median(run["clocks"]["stolen"] or 0.0 for run in side["runs"]) for side in (a, b)]
    if max(stolen) > STOLEN_SHARE:
        taken = " and ".join(f"{100 * share:.1f} %" for share in stolen)
        found.append(f"other virtual machines took {taken} of the processors' time")
    if a["date"][:13] != b["date"][:13]:
        found.append(
            f"A is of {a['date']}, B of {b['date']}: what else changed meanwhile is not known"
        )
    return found


def _compare(name: str, a: Sequence[float], b: Sequence[float]) -> Comparison:
    ratios = sorted(math.log(y / x) for x in a for y in b)
    below = sum(1 for ratio in ratios if ratio < 0) + sum(1 for ratio in ratios if ratio == 0) / 2
    m, n = len(a), len(b)
    cut = _cut(m, n)
    low, high = (
        (math.exp(ratios[cut]), math.exp(ratios[-1 - cut])) if cut is not None else (None, None)
    )
    return Comparison(
        name=name,
        a=median(a),
        b=median(b),
        ratio=math.exp(median(ratios)),
        low=low,
        high=high,
        p=_p_value(m, n, below),
        smallest_p=_p_value(m, n, 0),
    )


def _p_value(m: int, n: int, u: float) -> float:
    """Two-sided, of U pairs below; ties count half and are rounded towards no difference."""
    tail = min(u, m * n - u)
    counts = _counts(m, n)
    return min(2 * sum(counts[: math.ceil(tail) + 1]) / sum(counts), 1.0)


def _cut(m: int, n: int) -> int | None:
    """How many of the sorted ratios to leave out at each end for an interval of at least
    1 - ALPHA; None if even all of them are too few."""
    counts = _counts(m, n)
    total, tail, cut = sum(counts), 0, None
    for u, count in enumerate(counts):
        tail += count
        if 2 * tail > ALPHA * total:
            break
        cut = u
    return cut


@cache
def _counts(m: int, n: int) -> tuple[int, ...]:
    """In how many of the equally likely orders of m and n values U is 0, 1, ..., m * n, if both
    come from the same distribution (the recursion of Mann and Whitney)."""
    if m == 0 or n == 0:
        return (1,)
    with_b_last, with_a_last = _counts(m, n - 1), _counts(m - 1, n)
    counts = [0] * (m * n + 1)
    for u, count in enumerate(with_b_last):
        counts[u] += count
    for u, count in enumerate(with_a_last):
        counts[u + n] += count
    return tuple(counts)


def _figure(run: Mapping[str, Any], where: Sequence[str]) -> float:
    value: Any = run
    for name in where:
        value = value[name]
    return float(value)
