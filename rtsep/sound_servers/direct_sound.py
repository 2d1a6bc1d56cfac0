"""What a JACK client plays straight to the sound card, taken away while rtsep plays it.

Only what rtsep hears is taken away: a deck's second pair, such as headphones, stays. Knows nothing
of who asks.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from rtsep.closing import Closing
from rtsep.names import fitting
from rtsep.sound_servers.jack_server import open_client, players

_NAME = "rtsep-listening"
_OURS = re.compile(r"rtsep(-\d+)?:in_")  # PortAudio's names, of the first session and of others

Wire = tuple[str, str]


class DirectSound(Closing):
    """Of the clients that `name` fits. To be asked to `look` often. Each wire is taken away once:
    whoever connects it again wants to hear it."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError where there is no JACK server."""
        self._client = open_client(_NAME)
        self._name = name
        self._cut: dict[Wire, str] = {}  # each with the instance of the client that it was cut of

    def look(self) -> list[str]:
        """Take away what is there now. Returns sentences for a person."""
        names = players(self._client)
        return [
            f"{names[place]} is heard through rtsep only; its own wires to the sound card come "
            "back at the end"
            for place in fitting(self._name, names)
            if self._take(names[place])
        ]

    def close(self) -> None:
        """Give back what was taken away."""
        for source, target in self._cut:
            with suppress(Exception):  # one that is gone, or connected already
                self._client.connect(source, target)
        self._client.close()

    def _take(self, owner: str) -> bool:
        taken = False
        cards = {
            port.name
            for port in self._client.get_ports(is_audio=True, is_input=True, is_physical=True)
        }
        for port in self._client.get_ports(f"^{re.escape(owner)}:", is_output=True, is_audio=True):
            with suppress(Exception):  # it has just vanished
                others = [other.name for other in self._client.get_all_connections(port)]
                if any(_OURS.match(other) for other in others):
                    direct = [other for other in others if other in cards]
                    taken |= any([self._disconnect(port, other) for other in direct])
        return taken

    def _disconnect(self, port: Any, card: str) -> bool:
        wire = (port.name, card)
        instance = str(self._client.get_uuid_for_client_name(port.name.partition(":")[0]))
        if self._cut.get(wire) == instance:
            return False
        self._client.disconnect(*wire)
        self._cut[wire] = instance
        return True
