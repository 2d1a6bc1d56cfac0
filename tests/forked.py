"""Processes that begin with PyTorch imported, for tests that start hundreds of live sessions.

Each is a fork of a server that has imported what an engine needs, and is otherwise what a user's
session starts. The commands that tests run start theirs as they do everywhere, and so do the tests
of tests/processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

PRELOADED = ["torch", "rtsep.live_session.engine_process", "rtsep.live_session.audio_process"]


class ForkedProcess(ForkServerProcess):
    """Has the environment of whoever starts it, not that of the server."""

    def __init__(self, *, target: Callable[..., None], args: tuple[Any, ...], **more: Any) -> None:
        super().__init__(target=_run, args=(dict(os.environ), target, *args), **more)


class ForkedContext(ForkServerContext):
    """A context of multiprocessing."""

    Process = ForkedProcess  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.set_forkserver_preload(PRELOADED)


def _run(environment: dict[str, str], target: Callable[..., None], *arguments: Any) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)
