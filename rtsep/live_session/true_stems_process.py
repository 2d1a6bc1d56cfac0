"""The process in the engine's place where stems are known: it reads them, and loads no network."""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any

from rtsep.config import StreamSpec
from rtsep.live_session.messages import ModelReady, TrueStemsRequest
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Stop

_FRAME = 1024  # samples of a hop, for what is said of latency
_BUDGET_SECONDS = 0.06  # in which stems are read, beside whatever else runs


def run_true_stems(
    link: Connection[Any, Any], wake: Any, buffer: Any, request: TrueStemsRequest
) -> None:
    """The whole life of the process, as of `run_engine`."""
    settle_in()
    with telling(link):
        from rtsep.live_session.shared import Shared
        from rtsep.live_session.true_stems_loop import TrueStemsLoop
        from rtsep.stem_files.reading import look_into

        file = look_into(request.path)
        spec = StreamSpec(
            window=_FRAME, hop=_FRAME, lookahead=0, crossfade=0, frame=_FRAME, sample_rate=file.rate
        )
        link.send(
            ModelReady(
                name="true stems",
                device=file.path.name,
                executor="none",
                stems=file.stems,
                channels=2,
                spec=spec,
                step_seconds=0.0,
                budget=_BUDGET_SECONDS,
            )
        )
        layout = link.recv()
        if isinstance(layout, Stop):
            return
        loop = TrueStemsLoop(Shared(buffer, layout))
        while not link.poll():  # all that can still come is the order to stop
            loop.work()
            wake.acquire()
            while wake.acquire(False):
                pass
