"""The listening process: brings the computer's own sound to where the audio process records it.

A process of its own, since what it has moved is put back by it also when all others are killed: it
does not end with its parent at once, but when it has done that.
"""

from __future__ import annotations

import os
import signal
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from rtsep.live_session.messages import Listen, Notice
from rtsep.processes.child import telling
from rtsep.sound_servers.listening import listen

_LOOK_SECONDS = 0.2


def run_listening(link: Connection[Any, Any], text: str, waits: bool) -> None:
    """The whole life of the process. `text` is what stands behind --input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they may go to all of us
        signal.signal(number, signal.SIG_IGN)
    ours = partial(_of, os.getppid())
    with telling(link), closing(listen(text, waits=waits, ours=ours)) as it:
        link.send(it.heard)
        if not isinstance(link.recv(), Listen):
            return
        while not link.poll():  # all that can come is the order to stop, or the parent's end
            for sentence in it.look():
                link.send(Notice(sentence))
            wait([link, *it.waitables], _LOOK_SECONDS)


def _of(session: int, pid: int) -> bool:
    """Whether the process is that of the session, or a child of it."""
    try:
        return session in (pid, psutil.Process(pid).ppid())
    except psutil.Error:
        return False
