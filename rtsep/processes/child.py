"""What every child process does: leave Ctrl-C alone, not outlive its parent, say what failed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from rtsep.errors import RtsepError, explained
from rtsep.processes.ending import Failed

ORPHANED = 3  # exit code


def settle_in() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, daemon=True).start()


@contextmanager
def telling(link: Connection[Any, Any]) -> Iterator[None]:
    """Errors go to the parent, which shows them; if it is gone nobody needs them."""
    failed = None
    try:
        yield
    except (BrokenPipeError, EOFError):  # the parent is gone, or has given up
        pass
    except RtsepError as error:
        failed = Failed(error, traceback.format_exc())
    except Exception as error:
        failed = Failed(explained(error), traceback.format_exc())
    with suppress(BrokenPipeError), closing(link):
        if failed:
            link.send(failed)


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only children settle in"
    parent.join()
    os._exit(ORPHANED)
