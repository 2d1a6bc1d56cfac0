"""Runs live sessions to learn where their time goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from rtsep.engine.rates import withheld_samples
from rtsep.errors import ConfigError, RtsepError
from rtsep.live_session.messages import EngineRequest
from rtsep.live_session.notes import Notes
from rtsep.live_session.session import LiveSession
from rtsep.live_session.spec import LiveSpec
from rtsep.measure.clocks import ClockReader
from rtsep.report.profile.run import Clocks, Run
from rtsep.timeline import TRACED_STEPS
from rtsep.weights.observer import Observer

SETTLE_SECONDS = 2.0  # of every run, in which caches fill and clocks rise; not part of it
LOOK_SECONDS = 0.25
CLOCK_SECONDS = 1.0
MOST_CLOCKS = 1 << 13  # the newest two hours
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


def profiled(live: LiveSpec, trace: Path | None = None) -> LiveSpec:
    """The same session with an engine that notes its stages and pauses; with `trace` it writes one
    of some steps there."""
    assert isinstance(live.engine, EngineRequest), live.engine
    return replace(live, engine=replace(live.engine, profiled=True, trace=trace))


def profile_once(
    spec: ProfileSpec,
    observer: Observer,
    *,
    heeding: Callable[[], AbstractContextManager[threading.Event]],
) -> tuple[Run, bool]:
    """One session from its start to its end, and whether it was stopped: by the event of `heeding`,
    a context for the time after the start.

    Raises RtsepError if it ended before anything could be measured.
    """
    with LiveSession(profiled(spec.live), observer) as session, heeding() as stop:
        observer.phase(f"measuring for {spec.seconds:g} s")
        time.sleep(SETTLE_SECONDS)
        run = _watched(session, spec.seconds, stop.is_set)
    if session.failure:
        raise session.failure
    if not len(run.made):
        raise RtsepError(
            "the session ended before a hop could be followed from its arrival to its turn; "
            "measure for longer"
        )
    return run, stop.is_set()


def write_trace(spec: ProfileSpec, observer: Observer, path: Path) -> tuple[Run, float]:
    """A session of which some steps are traced into a file, what it noted of the same time, and
    when the trace has its clock mark. A session of its own: tracing slows what it traces."""
    with LiveSession(profiled(spec.live, path), observer) as session:
        observer.phase(f"tracing {TRACED_STEPS} steps")
        run = _watched(session, _TRACE_SECONDS, lambda: session.traced is not None)
        traced = session.traced
    if session.failure:
        raise session.failure
    if traced is None:
        raise RtsepError(
            f"no trace was written within {_TRACE_SECONDS:.0f} s: the session made too few steps"
        )
    return run, traced.clock


class Watch:
    """Follows a session that is running, from now on. To be asked to `look` several times a second.

    What it keeps is bounded: of hours, the newest are left. When the engine goes over to another
    hop it begins anew, since a profile is one of one setting.
    """

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        device = session.model.device
        self._reader = ClockReader(
            int(device.rpartition(":")[2]) if device.startswith("cuda:") else None
        )
        self._clocks: deque[Clocks] = deque(maxlen=MOST_CLOCKS)
        self._begin()

    def _begin(self) -> None:
        self._retunings = self._session.retunings
        self._notes = Notes(self._session.shared)
        self._clocks.clear()
        self._read = self._now = self._notes.began

    @property
    def seconds(self) -> float:
        """Between the beginning and the last look."""
        return self._now - self._notes.began

    def look(self) -> None:
        if self._session.retunings != self._retunings:
            self._begin()
        self._now = time.perf_counter()
        self._notes.collect()
        if self._now - self._read > CLOCK_SECONDS:
            self._read = self._now
            self._clocks.append(self._reader.read())

    def run(self) -> Run:
        """All that was seen; the session may have ended. It follows the full path, also where the
        instant one is heard."""
        session, notes = self._session, self._notes
        layout, model = session.layout, session.model
        return Run(
            status=replace(session.status(), latency=session.full_latency),
            executor=model.executor,
            precision=model.precision,
            spec=model.spec,
            budget=model.budget,
            delay=session.shared.delay,
            withheld=withheld_samples(layout.rate, model.spec.sample_rate),
            began=notes.began,
            seconds=self.seconds,
            callbacks=notes.callbacks.rows,
            hops=notes.hops.rows,
            collections=notes.collections.rows,
            wakings=notes.wakings.rows,
            clocks=tuple(self._clocks),
            lost=notes.lost,
        )


def _watched(session: LiveSession, seconds: float, should_stop: Callable[[], bool]) -> Run:
    watch = Watch(session)
    _look(session, watch, lambda: watch.seconds >= seconds or should_stop())
    last_turn = watch.seconds + session.shared.delay / session.layout.rate
    _look(session, watch, lambda: watch.seconds >= last_turn)  # a hop is followed to its turn
    return watch.run()


def _look(session: LiveSession, watch: Watch, until: Callable[[], bool]) -> None:
    while not until() and not session.finished.is_set():
        time.sleep(LOOK_SECONDS)
        watch.look()
