"""The instant process: one thread that answers each hop of sound before it is heard. No torch."""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any

from rtsep.live_session.messages import InstantReady
from rtsep.live_session.shared import Shared
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Stop
from rtsep.processes.priority import before_all_others


def run_instant(link: Connection[Any, Any], wake: Any, buffer: Any) -> None:
    """The whole life of the process. `wake` is a semaphore, released when there is audio."""
    before_all_others()
    settle_in()
    with telling(link):
        layout = link.recv()
        if isinstance(layout, Stop):
            return
        one_thread()
        from rtsep.instant.path import InstantPath
        from rtsep.live_session.instant_loop import InstantLoop

        settings = layout.instant
        path = InstantPath(settings)
        path.warm_up()
        loop = InstantLoop(path, Shared(buffer, layout))
        link.send(InstantReady())
        while not link.poll():  # all that can still come is the order to stop
            wake.acquire()
            while wake.acquire(False):
                pass
            loop.work()


def one_thread() -> None:
    """Of NumPy's products: they are small, and a second thread would be the engine's core."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
