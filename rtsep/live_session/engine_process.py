"""The engine process: loads the model, then turns the input ring into the stems ring until told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from rtsep.garbage import importing
from rtsep.live_session.messages import (
    EngineRequest,
    ModelReady,
    Notice,
    Phase,
    Progress,
    Retuned,
    Traced,
)
from rtsep.live_session.retuning import Retuning
from rtsep.live_session.timing import Change, Timing, difference
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Stop

if TYPE_CHECKING:
    from rtsep.engine.hops import HopStream
    from rtsep.engine.separator import Separator


class Messenger:
    """Tells the parent what a person should see while a model loads; a `weights.Observer`."""

    def __init__(self, link: Connection[Any, Any]) -> None:
        self._link = link

    def phase(self, text: str) -> None:
        self._link.send(Phase(text))

    def notice(self, text: str) -> None:
        self._link.send(Notice(text))

    def progress(self, label: str, done: int, total: int) -> None:
        self._link.send(Progress(label, done, total))


def run_engine(link: Connection[Any, Any], wake: Any, buffer: Any, request: EngineRequest) -> None:
    """The whole life of the process. `wake` is a semaphore, released when there is audio."""
    settle_in()
    if request.trace:
        os.putenv("KINETO_LOG_LEVEL", "99")  # PyTorch's profiler has much to say to its developers
    with telling(link):
        hops, model, retuning = _load(link, request)
        link.send(model)
        _serve(link, wake, buffer, request, hops, model.step_seconds, retuning)


def _load(
    link: Connection[Any, Any], request: EngineRequest
) -> tuple[HopStream, ModelReady, Retuning]:
    observer = Messenger(link)
    observer.phase("loading PyTorch")
    with importing():
        from rtsep.setup.load import load
        from rtsep.setup.runtime import prepare_process, share_cores

    prepare_process()
    observer.phase(f"loading {request.model}")
    separator = load(
        request.model,
        request.device,
        precision=request.precision,
        executor=request.executor,
        cache=request.cache,
        observer=observer,
        stems=request.named,
        complete=request.complete,
    )
    share_cores()
    hops, retuning, steps = _begin(separator, request, observer)
    model = ModelReady(
        name=separator.name,
        device=str(separator.device),
        executor=hops.executor,
        stems=hops.stems,
        channels=hops.channels,
        spec=hops.spec,
        precision=separator.precision.name,
        budget=retuning.timing.budget,
        step_seconds=min(steps),
    )
    return hops, model, retuning


def _begin(
    separator: Separator, request: EngineRequest, observer: Messenger
) -> tuple[HopStream, Retuning, Sequence[float]]:
    """A stream that is ready to play, as it is asked for, as this machine was tuned, or as a first
    look at it says; and what some steps of it took."""
    from rtsep.engine.look import look, make_ready
    from rtsep.live_session.reserves import reserves

    timing = _timing(separator, request, observer)
    if timing is None:
        observer.phase("looking at what this machine holds")
        found = look(separator, watched=request.profiled)
        timing = Timing(spec=found.hops.spec, budget=found.budget)
        others = reserves(separator, timing.spec, nears=request.adapts)
        retuning = Retuning(timing, others, adapts=request.adapts, nears=request.adapts)
        return found.hops, retuning, found.steps
    observer.phase("trying a few steps")
    hops = separator.hops(timing.spec, watched=request.profiled)
    steps = make_ready(hops)
    retuning = Retuning(timing, reserves(separator, timing.spec), adapts=request.adapts)
    if request.adapts and (other := retuning.check(steps)):
        observer.notice(
            f"steps are slower than when this machine was tuned: {difference(timing, other)}"
        )
        hops.adopt(other.spec)
        steps = make_ready(hops)
    return hops, retuning, steps


def _timing(separator: Separator, request: EngineRequest, observer: Messenger) -> Timing | None:
    """What is asked for, or what this machine holds, and then with its budget; None if it was never
    tuned."""
    from rtsep.setup.tuned import chosen, tuned

    if request.latency is not None:
        choose = chosen if request.latency else tuned
        choice = choose(separator, request.latency, cache=request.cache, say=observer.notice)
        if choice is None:
            return None
        return Timing(spec=choice.setting.spec(separator), budget=choice.budget)
    spec = separator.spec(
        window=request.window,
        hop=request.hop,
        lookahead=request.lookahead,
        mode=request.mode,
        refresh=request.refresh,
    )
    return Timing(spec=spec, budget=request.budget)


def _serve(
    link: Connection[Any, Any],
    wake: Any,
    buffer: Any,
    request: EngineRequest,
    hops: HopStream,
    step_seconds: float,
    retuning: Retuning,
) -> None:
    from rtsep.engine.pauses import watched_pauses
    from rtsep.live_session.engine_loop import EngineLoop
    from rtsep.live_session.shared import Shared
    from rtsep.live_session.tracing import Tracing

    layout = link.recv()
    if isinstance(layout, Stop):
        return
    shared = Shared(buffer, layout)

    def tell(change: Change) -> None:
        link.send(Retuned(change=change, executor=hops.executor))

    loop = EngineLoop(hops, shared, step_seconds, retuning, tell)
    tracing = Tracing(request.trace) if request.trace else None
    pauses = watched_pauses(shared.collections, shared.wakings)
    with pauses if request.profiled else nullcontext():
        while not link.poll():  # all that can still come is the order to stop
            wake.acquire()
            while wake.acquire(False):
                pass
            while loop.advance() and not link.poll():  # one that is always late never rests
                if tracing and tracing.look(int(shared.counters.steps[0])):
                    link.send(Traced(tracing.clock))
