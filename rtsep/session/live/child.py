"""What every child process does first: not be interrupted, and not outlive its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable

ORPHANED = 3  # exit code


def settle_in(farewell: Callable[[], None] = lambda: None) -> None:
    """Leave Ctrl-C to the parent, and end, after `farewell`, when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, args=(farewell,), daemon=True).start()


def _watch_parent(farewell: Callable[[], None]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only children settle in"
    parent.join()
    try:
        farewell()
    finally:
        os._exit(ORPHANED)
