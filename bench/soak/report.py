"""What a soak found: how often each invariant was checked, and how near it came to its bound."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Violation(Exception):
    """An invariant did not hold."""


@dataclass
class Invariant:
    """`worst` is the largest share of what is allowed that was seen: 1 would be the bound."""

    checks: int = 0
    worst: float = 0.0


class Digest:
    """Of everything that was heard and counted, in its order."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def update(self, what: Any) -> None:
        self._hash.update(what)

    def __str__(self) -> str:
        return self._hash.hexdigest()


@dataclass
class Report:
    """Of a session, or of several that were added up."""

    invariants: dict[str, Invariant] = field(default_factory=lambda: defaultdict(Invariant))
    faults: Counter[str] = field(default_factory=Counter)
    fault_seconds: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    longest_concealed: float = 0.0  # seconds

    def check(
        self, name: str, value: float, allowed: float, where: Callable[[], str], checks: int = 1
    ) -> None:
        """Raises Violation unless `value` <= `allowed`; `where` says where that is."""
        share = value / allowed if allowed > 0 else (0.0 if value == 0 else float("inf"))
        if not share <= 1:  # so that NaN is a violation too
            raise Violation(f"{name}: {value:.6g}, allowed {allowed:.6g}; {where()}")
        entry = self.invariants[name]
        entry.checks += checks
        entry.worst = max(entry.worst, share)

    def hold(self, name: str, holds: bool, where: Callable[[], str], checks: int = 1) -> None:
        """An invariant that is either true or not."""
        self.check(name, 0.0 if holds else 1.0, 0.0, where, checks)

    def passed(self, name: str) -> None:
        """An invariant of which the caller knows that it holds."""
        self.invariants[name].checks += 1

    def add(self, other: Report) -> None:
        for name, found in other.invariants.items():
            entry = self.invariants[name]
            entry.checks += found.checks
            entry.worst = max(entry.worst, found.worst)
        self.faults.update(other.faults)
        self.fault_seconds.update(other.fault_seconds)
        self.counts.update(other.counts)
        self.longest_concealed = max(self.longest_concealed, other.longest_concealed)
