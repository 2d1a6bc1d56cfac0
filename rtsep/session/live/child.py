"""What every child process does: leave Ctrl-C alone, not outlive its parent, say what failed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from rtsep.errors import RtsepError
from rtsep.session.live.messages import Failed

ORPHANED = 3  # exit code


def settle_in(farewell: Callable[[], None] = lambda: None) -> None:
    """Leave Ctrl-C to the parent, and end, after `farewell`, when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, args=(farewell,), daemon=True).start()


@contextmanager
def telling(link: Connection[Any, Any]) -> Iterator[None]:
    """Errors go to the parent, which shows them; if it is gone nobody needs them."""
    try:
        with suppress(BrokenPipeError, EOFError):
            try:
                yield
            except RtsepError as error:
                link.send(Failed(error, traceback.format_exc()))
            except (BrokenPipeError, EOFError):
                raise
            except Exception as error:
                text = (
                    f"{type(error).__name__}: {error}; this is a bug in rtsep, --debug shows where"
                )
                link.send(Failed(RtsepError(text), traceback.format_exc()))
    finally:
        link.close()


def _watch_parent(farewell: Callable[[], None]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only children settle in"
    parent.join()
    try:
        farewell()
    finally:
        os._exit(ORPHANED)
