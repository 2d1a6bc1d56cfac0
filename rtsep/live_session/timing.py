"""How a stream is cut and how long its steps may take, and how a change of that is told."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.config import StreamSpec


@dataclass(frozen=True, kw_only=True)
class Timing:
    """`budget` is how many seconds a step may take before its stems are late; None is what the
    session likes."""

    spec: StreamSpec
    budget: float | None


@dataclass(frozen=True)
class Change:
    """What to go over to, and why, as the beginning of a sentence for a person; None where nobody
    notices."""

    timing: Timing
    reason: str | None


def difference(before: Timing, after: Timing) -> str:
    """A sentence's end for a person."""
    was, now = before.spec, after.spec
    if now.hop != was.hop:
        return f"hops of {_milliseconds(now)} ms instead of {_milliseconds(was)} ms"
    if now != was:
        return "from now on each computes less of the past"
    return "from now on each has more time"


def hop_seconds(spec: StreamSpec) -> float:
    return spec.hop / spec.sample_rate


def _milliseconds(spec: StreamSpec) -> int:
    return round(1000 * hop_seconds(spec))
