"""The patchbay process: looks after the connections of the audio process on a JACK server.

A process of its own, since a JACK library whose server has died or hangs may do the same. Does
nothing else, and can be ended at any time.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any

from rtsep.audio.patchbay import Patchbay
from rtsep.live_session.messages import Notice
from rtsep.processes.child import settle_in, telling

_LOOK_SECONDS = 0.2


def run_patchbay(link: Connection[Any, Any], client: str) -> None:
    """The whole life of the process. `client` is the audio process's name on the server."""
    settle_in()
    with telling(link), Patchbay(client) as patchbay:
        while not link.poll(_LOOK_SECONDS):  # all that can come is the order to stop
            for text in patchbay.look():
                link.send(Notice(text))
