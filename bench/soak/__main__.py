"""Hours of a live session in virtual time, with faults, every sample checked.

Draws sessions and their faults from a seed; the same seed is the same run, bit by bit. Ends with
exit code 1 at the first invariant that does not hold. Ctrl-C ends it with what is done by then.
Whoever wants less waits for `--minutes`, or asks for fewer `--hours`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.hardware import finish
from bench.soak.report import Digest, Report
from bench.soak.run import Result, run
from bench.soak.scenario import Plan, sessions

SESSION_SECONDS = 240.0
SPACING_SECONDS = 3.0


@dataclass
class Total:
    """Of all results so far."""

    report: Report = field(default_factory=Report)
    results: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.report.add(result.report)
        self.results.append(result)

    @property
    def seconds(self) -> float:
        return sum(result.plan.seconds for result in self.results)

    @property
    def digest(self) -> str:
        digest = Digest()
        for result in sorted(self.results, key=lambda result: result.plan.number):
            digest.update(result.digest.encode())
        return str(digest)


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    plans = [
        plan
        for plan in sessions(args.seed, 3600 * args.hours, length=args.session,
                             spacing=args.spacing)
        if plan.began + plan.seconds > args.since and plan.began < args.until
    ]  # fmt: skip
    total, began = Total(), time.perf_counter()
    try:
        for result in run(plans, args.jobs):
            total.add(result)
            if result.violation:
                _explain(result, args)
                if not args.keep_going:
                    return 1
            seconds = time.perf_counter() - began
            _progress(total, plans, seconds)
            if seconds > 60 * args.minutes:
                break
    except KeyboardInterrupt:
        print("\nended early", file=sys.stderr)
    figures = _figures(args, total, time.perf_counter() - began)
    _table(figures)
    finish("soak", figures, save=args.save)
    return int(figures["violations"] > 0)


def _explain(result: Result, args: argparse.Namespace) -> None:
    plan = result.plan
    print(
        f"\n{result.violation}\n  replay: python -m bench.soak --hours {args.hours:g} "
        f"--seed {args.seed} --session {args.session:g} --spacing {args.spacing:g} "
        f"--from {plan.began:g} --until {plan.began + plan.seconds:g}",
        file=sys.stderr,
    )


def _progress(total: Total, plans: Sequence[Plan], seconds: float) -> None:
    print(
        f"\r{len(total.results)} of {len(plans)} sessions, {total.seconds / 3600:.2f} h of audio "
        f"in {seconds / 60:.1f} min, {total.seconds / seconds:.1f} times real time, "
        f"{total.report.faults.total()} faults ",
        end="", file=sys.stderr, flush=True,
    )  # fmt: skip


def _figures(args: argparse.Namespace, total: Total, seconds: float) -> dict[str, Any]:
    report = total.report
    memory = [result.memory for result in total.results if result.violation is None]
    return {
        "seed": args.seed,
        "hours": round(total.seconds / 3600, 3),
        "sessions": len(total.results),
        "session_s": args.session,
        "fault_spacing_s": args.spacing,
        "jobs": args.jobs,
        "run_s": round(seconds, 1),
        "times_real_time": round(total.seconds / seconds, 2),
        "violations": sum(result.violation is not None for result in total.results),
        "digest": total.digest,
        "faults": {
            kind: {"count": count, "seconds": round(report.fault_seconds[kind], 1)}
            for kind, count in sorted(report.faults.items())
        },
        "invariants": {
            name: {"checks": found.checks, "worst_share_of_allowed": float(f"{found.worst:.4g}")}
            for name, found in sorted(report.invariants.items())
        },
        "counts": dict(sorted(report.counts.items())),
        "longest_concealed_s": round(report.longest_concealed, 3),
        "memory": {
            "objects": {"first": memory[0][0], "last": memory[-1][0]} if memory else {},
            "resident_mib": {"first": memory[0][1], "last": memory[-1][1],
                             "peak": max(mib for _, mib in memory)} if memory else {},
        },
    }  # fmt: skip


def _table(figures: dict[str, Any]) -> None:
    print(f"\n{'fault':<28}{'count':>8}{'seconds':>10}")
    for kind, found in figures["faults"].items():
        print(f"{kind:<28}{found['count']:>8}{found['seconds']:>10.1f}")
    print(f"\n{'invariant':<44}{'checks':>16}{'worst / allowed':>18}")
    for name, found in figures["invariants"].items():
        print(f"{name:<44}{found['checks']:>16}{found['worst_share_of_allowed']:>18}")
    print()
    for name in ("counts", "longest_concealed_s", "memory", "digest", "run_s", "times_real_time"):
        print(f"{name}: {figures[name]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="of audio")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="since", type=float, default=0.0, metavar="S",
                        help="leave out sessions that are over by then")  # fmt: skip
    parser.add_argument("--until", type=float, default=float("inf"), metavar="S",
                        help="leave out sessions that begin later")  # fmt: skip
    parser.add_argument("--session", type=float, default=SESSION_SECONDS, metavar="S",
                        help="how long each is")  # fmt: skip
    parser.add_argument("--spacing", type=float, default=SPACING_SECONDS, metavar="S",
                        help="between two faults, on average")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="sessions beside each other")
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="of real time, after which no session is waited for")  # fmt: skip
    parser.add_argument("--keep-going", action="store_true",
                        help="after a violation go on with the next session")  # fmt: skip
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
