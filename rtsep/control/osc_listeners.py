"""Who is told by OSC, what each was told last, and what it is moving with its own hand just now.

Over a network the echo of a move comes back late, and would put the fader where the finger was.
Knows nothing of sockets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from rtsep.control.osc_packets import Message
from rtsep.control.osc_values import State, Values, nothing, number
from rtsep.errors import ConfigError

QUIET_SECONDS = 0.25  # so long after a move its sender is not told of what it moved
SETTLE_SECONDS = 0.3  # a newcomer may have its hand on a fader: its moves tell, before it is told
# What nobody sees: travel, dB, parts of the speed.
NEAR = {
    "fader": 1e-3,
    "knob": 1e-3,
    "gain": 0.01,
    "filter": 1e-3,
    "mix": 1e-3,
    "speed": 1e-3,
}
UNITS = ("fader", "knob", "gain")  # of one thing

Address = tuple[Any, ...]  # of a socket: host, port, and two more for IPv6


class Listener:
    """One subscriber."""

    def __init__(self, now: float) -> None:
        self.begins = now + SETTLE_SECONDS
        self.origin: Address = ()  # where it subscribes from, and so its moves come from
        self.until = 0.0  # when it is forgotten
        self._told: State = {}
        self._sent: State = {}  # by itself, and not compared with ours yet
        self._quiet: dict[str, float] = {}  # until when, by address

    def moved(self, addresses: Iterable[str], values: Values, now: float) -> None:
        """It has moved this itself: nothing is told of that until it lets go."""
        for address in addresses:
            for same in _aliases(address):
                self._quiet[same] = now + QUIET_SECONDS
            self._told.pop(address, None)  # lamps may wait for the answer
            self._sent[address] = values

    def news(self, state: State, now: float) -> Iterator[Message]:
        """What it does not know yet, which is taken for told."""
        for address, values in state.items():
            if self._quiet.get(address, now) > now:
                continue
            self._quiet.pop(address, None)
            known = _near(address, self._sent.pop(address, ()), values)
            if not known and self._told.get(address) != values:
                yield Message(address, values)
            self._told[address] = values


def _near(address: str, sent: Values, values: Values) -> bool:
    """Whether a fader stands where it was put."""
    near = NEAR.get(_ending(address))
    if near is None or len(sent) != 1:
        return False
    one, other = sent[0], values[0]
    if not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
        return False
    return math.isclose(one, other, rel_tol=0.0, abs_tol=near)


def answer_address(message: Message, sender: Address) -> Address:
    """Where the sender wants to be told: from where it sent, or at the port it names."""
    if nothing(message.values):
        return sender
    port = number(message.values)
    if not 1 <= port <= 65535:
        raise ConfigError(f"a port is a number from 1 to 65535, got {port:g}")
    return (sender[0], int(port), *sender[2:])


def _aliases(address: str) -> tuple[str, ...]:
    """The addresses that change with one: a gain and a fader, or a knob, are one thing in two
    units."""
    thing = address.rpartition("/")[0]
    return tuple(f"{thing}/{unit}" for unit in UNITS) if _ending(address) in UNITS else (address,)


def _ending(address: str) -> str:
    return address.rpartition("/")[2]
