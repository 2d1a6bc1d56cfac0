"""python -m bench.soak [--hours 8] [--seed N] [--from S --until S] [--save]"""

from __future__ import annotations

import argparse
import sys
import time

from bench.hardware import finish
from bench.soak.memory import Memory
from bench.soak.report import Report, Violation
from bench.soak.run import SESSION_SECONDS, SPACING_SECONDS, Soak, run
from bench.soak.scenario import Plan


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    soak = Soak(seed=args.seed, seconds=3600 * args.hours, since=args.since, until=args.until,
                session_seconds=args.session, spacing_seconds=args.spacing)  # fmt: skip
    began = time.perf_counter()

    def tell(plan: Plan, report: Report) -> None:
        seconds = time.perf_counter() - began
        done = plan.began + plan.seconds - args.since // args.session * args.session
        print(f"\r{done / 60:7.1f} min of audio in {seconds / 60:5.1f} min, "
              f"{done / seconds:5.1f}x, {sum(report.faults.values())} faults",
              end="", file=sys.stderr, flush=True)  # fmt: skip

    try:
        report, memory = run(soak, tell)
    except Violation as violation:
        print(f"\n{violation}\nreplay: python -m bench.soak --hours {args.hours:g} --seed "
              f"{args.seed} --session {args.session:g} --spacing {args.spacing:g} --from ... ",
              file=sys.stderr)  # fmt: skip
        return 1
    print(file=sys.stderr)
    finish("soak", _figures(soak, report, memory, time.perf_counter() - began), save=args.save)
    return 0


def _figures(soak: Soak, report: Report, memory: Memory, seconds: float) -> dict[str, object]:
    return {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="since", type=float, default=0.0)
    parser.add_argument("--until", type=float, default=float("inf"))
    parser.add_argument("--session", type=float, default=SESSION_SECONDS)
    parser.add_argument("--spacing", type=float, default=SPACING_SECONDS)
    parser.add_argument("--save", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
