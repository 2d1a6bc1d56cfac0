"""Does `--latency auto` hold? A live session in real time, looked at every minute.

What is asked of it is what `rtsep --input demo --output null --pace realtime --latency auto --loop`
asks for; with `--path instant`, that path is heard and its late hops are told too, and with
`--jack` it plays on a private JACK server with a period of 256 frames, or of as many as that says.
Tells late hops, what the engine went over to, and for how long the host gave the processors to
others, minute by minute.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from rig.server import running_jack
from rtsep.config import PATHS
from rtsep.files.places import input_place
from rtsep.files.sources import SourceBlocks
from rtsep.live_session.messages import AudioRequest, EngineRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.session import LiveSession
from rtsep.live_session.spec import LiveSpec
from rtsep.status import LiveStatus
from rtsep.weights.cache import default_folder

MINUTE = 60.0
JACK_PERIOD = 256  # unless another is asked for


class Told:
    """An observer that prints."""

    def phase(self, text: str) -> None:
        print(f"{text} ...", flush=True)

    def notice(self, text: str) -> None:
        print(text, flush=True)

    def progress(self, label: str, done: int, total: int) -> None:
        """Nothing is downloaded twice."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hold", description=__doc__)
    parser.add_argument("--model", default="htdemucs")
    parser.add_argument("--path", choices=PATHS, default="full")
    parser.add_argument("--delay", type=int, choices=[12, 23], default=23, help="of that path, ms")
    parser.add_argument("--jack", type=int, nargs="?", const=JACK_PERIOD, metavar="PERIOD",
                        help="play on a private JACK server")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    with _server(args.jack) as output, LiveSession(_spec(args, output), Told()) as session:
        first = session.status()
        print(_line(first, 0.0), flush=True)
        minutes = list(_minutes(session, args.seconds))
        last = session.status()
        timing = {"executor": session.model.executor, "precision": session.model.precision}
    figures = {
        "model": last.model,
        **timing,
        "began": _timing(first),
        "ended": _timing(last),
        "steps": last.steps,
        "misses": last.misses,
        "concealed_ms": round(1000 * last.concealed / last.sample_rate, 1),
        "step_ms": last.step_ms,
        "retunings": last.retunings,
        "path": last.path,
        "delay_ms": args.delay,
        "jack_period": args.jack,
        "instant": dataclasses.asdict(last.instant) if last.instant else None,
        "events": list(last.events),
        "minutes": minutes,
    }
    # Not before: the session's processes import this module too, and shall not have torch in them
    # before they have told OpenMP how to wait.
    from bench.hardware import finish

    finish("hold", figures, save=args.save)
    late = last.instant.late if last.instant else last.misses
    return 0 if late == 0 else 1


@contextmanager
def _server(period: int | None) -> Iterator[str | None]:
    """The device to play to, if any."""
    if period is None:
        yield None
        return
    with running_jack(period=period) as server:
        os.environ.update(server.env)
        yield "system"


def _spec(args: argparse.Namespace, output: str | None) -> LiveSpec:
    return LiveSpec(
        engine=EngineRequest(
            model=args.model, device="auto", cache=None, window=0.0, hop=0.0, lookahead=0.0,
            mode="incremental", precision="auto", latency=0.0, adapts=True,
        ),
        audio=AudioRequest(input=None, output=output, blocksize=JACK_PERIOD),
        source=SourceBlocks(input_place("demo"), loop=True),
        record=RecordSpec(folder=default_folder()),  # never used
        instant=args.path == "instant",
        instant_delay=args.delay / 1000,
        path=args.path,
    )  # fmt: skip


def _minutes(session: LiveSession, seconds: float) -> Iterator[dict[str, Any]]:
    """A row for each minute, or the rest of one."""
    began = time.monotonic()
    for number in itertools.count(1):
        before, stolen = session.status(), _stolen()
        end = min(number * MINUTE, seconds)
        time.sleep(max(began + end - time.monotonic(), 0))
        status = session.status()
        stolen = _stolen() - stolen
        print(_line(status, stolen), flush=True)
        yield {
            "steps": status.steps - before.steps,
            "misses": status.misses - before.misses,
            "retunings": status.retunings - before.retunings,
            "stolen_s": round(stolen, 2),
            "latency_ms": round(status.latency_ms, 1),
        }
        if end >= seconds:
            return


def _timing(status: LiveStatus) -> dict[str, Any]:
    parts = {part.name: part.samples for part in status.latency if part.samples}
    rate = status.sample_rate
    return {
        "hop_ms": round(status.hop_ms, 1),
        "latency_ms": round(status.latency_ms, 1),
        "parts_ms": {name: round(1000 * n / rate, 1) for name, n in parts.items()},
    }


def _stolen() -> float:
    """Seconds of processor time, summed over all processors; 0 where the system does not tell."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def _line(status: LiveStatus, stolen: float) -> str:
    times = status.step_ms or {"p50": 0.0, "max": 0.0}
    return (
        f"{status.seconds:6.0f} s  latency {status.latency_ms:5.0f} ms, hop {status.hop_ms:4.0f} ms"
        f", step {times['p50']:4.0f} ms (longest {times['max']:4.0f}): {status.misses} late of "
        f"{status.steps}; {stolen:.1f} s stolen{_instant(status)}"
    )


def _instant(status: LiveStatus) -> str:
    if status.instant is None or not status.instant.hop_ms:
        return ""
    memory, times = status.instant, status.instant.hop_ms
    return (
        f"; instant: {memory.late} late of {memory.hops}, hop p50 {times['p50']:.1f} ms, p99.9 "
        f"{times['p99.9']:.1f}, knows {memory.memory_seconds:.0f} s, fit {memory.fit:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
