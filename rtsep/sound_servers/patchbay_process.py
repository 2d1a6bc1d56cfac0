"""The patchbay process: looks after the connections of the audio process on a JACK server.

A process of its own, since a JACK library whose server has died or hangs may do the same. Changes
them when it is asked to, does nothing else, and can be ended at any time.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any

from rtsep.processes.child import settle_in, telling
from rtsep.sound_servers.patchbay import Patchbay, Wires
from rtsep.sound_servers.pipewire_jack import use_pipewire
from rtsep.sound_servers.rewiring import Rewire

_LOOK_SECONDS = 0.2


def run_patchbay(link: Connection[Any, Any], client: str, pipewire: bool, before: Wires) -> None:
    """The whole life of the process. `client` is the audio process's name on the server, which is
    PipeWire if it says so; `before` is what was connected to the one that it follows."""
    settle_in()
    if pipewire:
        use_pipewire()
    with telling(link), Patchbay(client, before) as patchbay:
        while True:
            done = None
            if link.poll(_LOOK_SECONDS):
                order = link.recv()
                if not isinstance(order, Rewire):  # the order to stop
                    return
                done = patchbay.rewire(order)
            for text in patchbay.look():
                link.send(text)
            if patchbay.wires != before:
                before = patchbay.wires
                link.send(before)
            if done:  # when it is known what is connected now
                link.send(done)
