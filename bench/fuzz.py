"""Hostile inputs, for as long as you like. Every kind of input that comes from outside is made, bad
in a new way each time, and read in a process that may crash or hang in our place.

Anything but a result that is well formed or an error on a line or two is a failure; it is made as
small as it stays one, and can be given back to `--replay`.
"""

from __future__ import annotations

import argparse
import base64
import re
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

from bench.hardware import finish
from tests.fuzz.kinds import WHERE, kind
from tests.fuzz.sandbox import Outcome, Sandbox

SHRINKING_S = 30.0
MOST_FAILURES = 20  # of a kind, that are kept
SLOW_S = 3.0  # of the processor, so that other programs do not count


@dataclass
class Findings:
    """What became of the inputs of one kind."""

    executions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    slowest_s: float = 0.0

    def figures(self) -> dict[str, Any]:
        return {
            "executions": self.executions,
            **self.outcomes,
            "slowest_s": round(self.slowest_s, 3),
            "distinct_errors": len(self.errors),
            "errors": dict(self.errors.most_common(40)),
            "failures": list(self.failures.values()),
        }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(WHERE))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each kind")
    parser.add_argument("--seed", type=int, help="to repeat a run; otherwise another every time")
    parser.add_argument("--replay", metavar="BASE64|FILE", help="one input, of the KIND given")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    if unknown := set(args.kinds) - WHERE.keys():
        parser.error(f"no kind {', '.join(unknown)}; there are {', '.join(WHERE)}")
    sandbox = Sandbox()
    try:
        if args.replay is not None:
            if len(args.kinds) != 1:
                parser.error("--replay needs the one KIND that the input is of")
            return replay(sandbox, args.kinds[0], args.replay)
        seed = SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
        found = {name: fuzz(sandbox, name, seed, args.seconds) for name in args.kinds or WHERE}
    finally:
        sandbox.close()
    finish("fuzz", {"seed": seed, "seconds": args.seconds, "kinds": found}, save=args.save)
    return int(any(figures["failures"] for figures in found.values()))


def fuzz(sandbox: Sandbox, name: str, seed: int, seconds: float) -> dict[str, Any]:
    found = Findings()
    sandbox.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = found.executions
        data = make(name, f"{seed}/{number}")
        outcome = sandbox.check(name, data)
        if outcome.seconds > SLOW_S:
            outcome = Outcome("failed", f"slow: {outcome.seconds:.1f} s", outcome.seconds)
        note(found, outcome)
        if outcome.kind == "failed":
            keep(sandbox, name, found, outcome, data, f"{seed}/{number}")
    figures = found.figures()
    shown = {key: figures[key] for key in figures if key not in ("errors", "failures")}
    print(f"{name:12s} {shown} failures {len(found.failures)}", flush=True)
    return figures


def make(name: str, seed: str) -> bytes:
    """Input number n of a run is that of the seed "RUN/n"."""
    return kind(name).make(Random(seed))


def note(found: Findings, outcome: Outcome) -> None:
    found.executions += 1
    found.outcomes[outcome.kind] += 1
    found.slowest_s = max(found.slowest_s, outcome.seconds)
    if outcome.kind == "refused":
        found.errors[alike(outcome.text)] += 1


def keep(
    sandbox: Sandbox, name: str, found: Findings, outcome: Outcome, data: bytes, seed: str
) -> None:
    what = essence(outcome)
    if what in found.failures or len(found.failures) >= MOST_FAILURES:
        return
    smallest = shrunk(sandbox, name, data, what)
    found.failures[what] = {
        "what": outcome.text[-1500:],
        "seed": seed,
        "base64": base64.b64encode(smallest).decode(),
    }
    print(f"{name}: FAILED {outcome.text[-600:]}\n  {len(smallest)} bytes, seed {seed}", flush=True)


def alike(text: str) -> str:
    """The same for errors that differ in names and numbers only."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", text)[:160]


def essence(outcome: Outcome) -> str:
    """The end of a traceback says what it was."""
    return alike((outcome.text.strip().splitlines() or [""])[-1])


def shrunk(sandbox: Sandbox, name: str, data: bytes, what: str) -> bytes:
    """Without the stretches that the failure does not need."""
    end, size = time.monotonic() + SHRINKING_S, max(len(data) // 2, 1)
    while time.monotonic() < end:
        at = 0
        while at < len(data) and time.monotonic() < end:
            less = data[:at] + data[at + size :]
            outcome = sandbox.check(name, less)
            if outcome.kind == "failed" and essence(outcome) == what:
                data = less
            else:
                at += size
        if size == 1:
            break
        size //= 2
    return data


def replay(sandbox: Sandbox, name: str, given: str) -> int:
    try:
        data = Path(given).read_bytes() if Path(given).is_file() else base64.b64decode(given)
    except (OSError, ValueError):
        traceback.print_exc()
        return 2
    outcome = sandbox.check(name, data)
    print(f"{outcome.kind}: {outcome.text}")
    return int(outcome.kind == "failed")


if __name__ == "__main__":
    sys.exit(main())
