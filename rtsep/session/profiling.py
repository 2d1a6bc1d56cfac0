"""Runs live sessions to learn where their time goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rtsep.errors import ConfigError, RtsepError
from rtsep.report.profile.run import Clocks, Run
from rtsep.session.clocks import ClockReader
from rtsep.session.live.notes import Notes
from rtsep.session.live.rates import withheld_samples
from rtsep.session.live.session import LiveSession
from rtsep.session.live.spec import LiveSpec
from rtsep.timeline import TRACED_STEPS
from rtsep.weights.observer import Observer

SETTLE_SECONDS = 2.0  # of every run, in which caches fill and clocks rise; not part of it
LOOK_SECONDS = 0.25
CLOCK_SECONDS = 1.0
_TRACE_SECONDS = 60.0  # for a trace to be made


@dataclass(frozen=True, kw_only=True)
class ProfileSpec:
    """A session, and for how many seconds each of how many runs shall be measured."""

    live: LiveSpec
    seconds: float
    runs: int = 1

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ConfigError(f"a profile needs more than 0 seconds, got {self.seconds:g}")
        if self.runs < 1:
            raise ConfigError(f"a profile needs at least 1 run, got {self.runs}")


def profile_once(spec: ProfileSpec, observer: Observer, *, should_stop: Callable[[], bool]) -> Run:
    """One session from its start to its end, or until `should_stop`.

    Raises RtsepError if it ended before anything could be measured.
    """
    live = replace(spec.live, engine=replace(spec.live.engine, profiled=True))
    with LiveSession(live, observer) as session:
        observer.notice(f"measuring for {spec.seconds:g} s")
        notes, clocks = _watch(session, spec.seconds, should_stop)
        run = _run(session, notes, clocks)
    if session.failure:
        raise session.failure
    if not len(run.made):
        raise RtsepError(
            "the session ended before a hop could be followed from its arrival to its turn; "
            "measure for longer"
        )
    return run


def write_trace(spec: ProfileSpec, observer: Observer, path: Path) -> tuple[Run, float]:
    """A session of which some steps are traced into a file, what it noted of the same time, and
    when the trace has its clock mark. A session of its own: tracing slows what it traces."""
    live = replace(spec.live, engine=replace(spec.live.engine, profiled=True, trace=path))
    with LiveSession(live, observer) as session:
        observer.notice(f"tracing {TRACED_STEPS} steps")
        notes, clocks = _watch(session, _TRACE_SECONDS, lambda: session.traced is not None)
        traced = session.traced
        run = _run(session, notes, clocks)
    if session.failure:
        raise session.failure
    if traced is None:
        raise RtsepError(
            f"no trace was written within {_TRACE_SECONDS:.0f} s: the session made too few steps"
        )
    return run, traced.clock


def _watch(
    session: LiveSession, seconds: float, should_stop: Callable[[], bool]
) -> tuple[Notes, list[Clocks]]:
    device = session.model.device
    reader = ClockReader(int(device.rpartition(":")[2]) if device.startswith("cuda:") else None)
    time.sleep(SETTLE_SECONDS)
    reader.read()  # what passed until now is not of the run
    notes = Notes(session.shared)
    seconds += session.layout.delay / session.layout.rate  # a hop is followed to its turn
    clocks: list[Clocks] = []
    now = notes.began
    while now - notes.began < seconds and not should_stop() and not session.finished.is_set():
        time.sleep(min(LOOK_SECONDS, seconds))
        now = time.perf_counter()
        notes.collect()
        if now - notes.began > (len(clocks) + 1) * CLOCK_SECONDS:
            clocks.append(reader.read())
    return notes, clocks


def _run(session: LiveSession, notes: Notes, clocks: list[Clocks]) -> Run:
    layout, model = session.layout, session.model
    return Run(
        status=session.status(),
        executor=model.executor,
        precision=model.precision,
        spec=model.spec,
        delay=layout.delay,
        withheld=withheld_samples(layout.rate, model.spec.sample_rate),
        began=notes.began,
        seconds=time.perf_counter() - notes.began,
        callbacks=notes.callbacks.rows,
        hops=notes.hops.rows,
        collections=notes.collections.rows,
        wakings=notes.wakings.rows,
        clocks=tuple(clocks),
        lost=notes.lost,
    )
