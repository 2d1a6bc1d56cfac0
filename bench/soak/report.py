"""What a soak found: how often each invariant was checked, and how near it came to its bound."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any


class Violation(Exception):
    """An invariant did not hold."""


@dataclass
class Invariant:
    """`worst` is the largest share of what is allowed that was seen: 1 would be the bound."""

    checks: int = 0
    worst: float = 0.0


@dataclass
class Report:
    """Of all sessions so far."""

    invariants: defaultdict[str, Invariant] = field(default_factory=lambda: defaultdict(Invariant))
    faults: Counter[str] = field(default_factory=Counter)
    seconds_of_fault: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    longest_concealed_seconds: float = 0.0
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def check(self, name: str, value: float, allowed: float, where: Any, checks: int = 1) -> None:
        """Raises Violation unless `value` <= `allowed`. `where` is called to say where it is."""
        entry = self.invariants[name]
        entry.checks += checks
        share = value / allowed if allowed > 0 else (0.0 if value == 0 else float("inf"))
        if not share <= 1:  # so that NaN is a violation too
            raise Violation(f"{name}: {value:.6g}, allowed {allowed:.6g}; {where()}")
        entry.worst = max(entry.worst, share)

    def passed(self, name: str) -> None:
        """An invariant of which the caller knows that it holds."""
        self.invariants[name].checks += 1

    def hold(self, name: str, holds: bool, where: Any, checks: int = 1) -> None:
        """An invariant that is either true or not."""
        self.check(name, 0.0 if holds else 1.0, 0.0, where, checks)
