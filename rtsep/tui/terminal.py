"""A terminal that takes no more, as of a lost ssh connection, must not keep a session from ending.

Textual's writer waits for the terminal, and at the end of the app everything waits for the writer.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator

PATIENCE_SECONDS = 2.0  # that a terminal has after `stop` to take something
_STDOUT, _STDERR = 1, 2
_WRITER = "textual-output"


@contextlib.contextmanager
def ends_without_its_terminal(stop: threading.Event) -> Iterator[None]:
    """What runs inside and ends on `stop` does so although nobody reads what it writes."""
    ended = threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            if ended.is_set():
                return
        while not ended.wait(0.1):
            if not _takes_output():
                _give_up_terminal()

    thread = threading.Thread(target=watch, name="terminal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _takes_output() -> bool:
    """Whether the terminal has room within the time it is given, however little."""
    if sys.platform == "win32":
        return True
    return bool(select.select([], [_STDERR], [], PATIENCE_SECONDS)[1])


def _give_up_terminal() -> None:
    """From now on nothing is written to it, not even what the writer is about to write."""
    if sys.platform == "win32":
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (_STDOUT, _STDERR):
        if os.isatty(output):
            os.dup2(nowhere, output)
    os.close(nowhere)
    for thread in threading.enumerate():
        if thread.name == _WRITER and thread.ident is not None:
            # A signal makes the writer try again: to nowhere. This one does nothing else.
            signal.pthread_kill(thread.ident, signal.SIGWINCH)
