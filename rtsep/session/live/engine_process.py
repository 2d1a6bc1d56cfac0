"""The engine process: loads the model, then turns the input ring into the stems ring until told.

Imports torch only after it has told OpenMP how to wait.
"""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from rtsep.session.live.child import settle_in, telling
from rtsep.session.live.messages import (
    EngineRequest,
    ModelReady,
    Notice,
    Phase,
    Progress,
    Retuned,
    Stop,
    Traced,
)
from rtsep.session.live.retuning import Retuning, Timing, difference
from rtsep.session.openmp import share_processors

if TYPE_CHECKING:
    from rtsep.engine.separator import Separator
    from rtsep.engine.stream import HopStream

WARM_UP_STEPS = 3
SETTLING_WINDOWS = 2  # after which no step saw anything but silence


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
    share_processors()
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
    from rtsep.session.load import load
    from rtsep.session.reserves import reserves
    from rtsep.session.runtime import prepare_process, share_cores

    prepare_process()
    observer.phase(f"loading {request.model}")
    separator = load(
        request.model,
        request.device,
        precision=request.precision,
        executor=request.executor,
        cache=request.cache,
        observer=observer,
    )
    share_cores()
    timing = _timing(separator, request, observer)
    observer.phase("trying a few steps")
    hops = separator.hops(timing.spec, watched=request.profiled)
    steps = make_ready(hops)
    retuning = Retuning(timing, reserves(separator, timing.spec), adapts=request.adapts)
    if request.adapts and (other := retuning.check(steps)):
        observer.notice(
            f"steps are slower than when this machine was tuned: {difference(timing, other)}"
        )
        hops.adopt(other.spec)
        timing, steps = other, make_ready(hops)
    model = ModelReady(
        name=separator.name,
        device=str(separator.device),
        executor=hops.executor,
        stems=hops.stems,
        channels=hops.channels,
        spec=hops.spec,
        precision=separator.precision.name,
        budget=timing.budget,
        step_seconds=min(steps),
    )
    return hops, model, retuning


def _timing(separator: Separator, request: EngineRequest, observer: Messenger) -> Timing:
    """What is asked for, or what this machine holds, and then with its budget."""
    from rtsep.session.tuned import tuned

    if request.latency is not None:
        choice = tuned(separator, request.latency, cache=request.cache, say=observer.notice)
        return Timing(spec=choice.setting.spec(separator), budget=choice.budget)
    spec = separator.spec(
        window=request.window,
        hop=request.hop,
        lookahead=request.lookahead,
        mode=request.mode,
        refresh=request.refresh,
    )
    return Timing(spec=spec, budget=request.budget)


def make_ready(hops: HopStream) -> list[float]:
    """Steps on silence; the seconds that each took, without the first ones if there are others.

    The first steps that matter are then no slower than the others. Where a new stream would be
    slower until its window is full, it is not begun anew after that: silence has come before.
    """
    import torch

    spec = hops.spec
    silence = torch.zeros(1, hops.channels, spec.hop)
    hops.fill()
    count = WARM_UP_STEPS
    if hops.starts_slowly:
        count += SETTLING_WINDOWS * spec.window // spec.hop
    times = []
    for _ in range(count):
        began = time.perf_counter()
        hops.step(silence)
        times.append(time.perf_counter() - began)
    if not hops.starts_slowly:
        hops.reset()
    return times[WARM_UP_STEPS:] or times


def _serve(
    link: Connection[Any, Any],
    wake: Any,
    buffer: Any,
    request: EngineRequest,
    hops: HopStream,
    step_seconds: float,
    retuning: Retuning,
) -> None:
    from rtsep.session.live.engine_loop import EngineLoop
    from rtsep.session.live.pauses import watched_pauses
    from rtsep.session.live.shared import Shared
    from rtsep.session.live.tracing import Tracing

    layout = link.recv()
    if isinstance(layout, Stop):
        return
    shared = Shared(buffer, layout)

    def tell(timing: Timing) -> None:
        link.send(Retuned(timing=timing, executor=hops.executor))

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
