"""Other clients at the ports of a JACK client: who is heard and who hears, while it runs.

Knows nothing of what sounds; whoever asks has seen to it that silence passes the ports meanwhile.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rtsep.errors import ConfigError

SETTLE_PERIODS = 4  # until a server mixes as it was told: it goes over between two periods

_OURS = "(in|out)_[0-9]+"  # as PortAudio calls ports, and we do; a regular expression of POSIX

Wire = tuple[str, str]  # names of ports, from where and to where


@dataclass(frozen=True)
class Side:
    """One direction of a client of ours: whose ports shall be connected to it, as numbers from 0,
    in the order of our own ports. Those of ours that are left over get none."""

    client: str
    ports: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Rewire:
    """Either direction; None leaves it as it is."""

    input: Side | None = None
    output: Side | None = None


@dataclass(frozen=True)
class Rewired:
    """Why it was not done, or nothing; then everything is as before."""

    error: str = ""


def is_at(wire: Wire, ours: str, *, input: bool, output: bool) -> bool:
    """Whether it ends at a port of ours that a device is heard by, or plays, in these directions.
    Ports of stems are neither."""
    source, target = (re.fullmatch(f"{re.escape(ours)}:{_OURS}", port) for port in wire)
    return bool((input and target) or (output and source))


def rewire(client: Any, ours: str, order: Rewire) -> set[Wire]:
    """Returns the wires that were taken away. Raises ConfigError for ports that there are not, and
    what the module of JACK raises, having put everything back."""
    ports, after = [], []
    for side, hears in ((order.input, True), (order.output, False)):
        if side is not None:
            mine = _ports(client, ours, _OURS, is_input=hears, is_output=not hears)
            ports += mine
            after += _wires(client, mine, side, hears)
    before = [wire for port in ports for wire in _connected(client, port)]
    try:
        _change(client, before, after)
    except Exception:
        with suppress(Exception):
            _change(client, after, before)
        raise
    time.sleep(SETTLE_PERIODS * client.blocksize / client.samplerate)
    return set(before) - set(after)


def _wires(client: Any, mine: Sequence[str], side: Side, hears: bool) -> list[Wire]:
    theirs = _ports(client, side.client, ".*", is_output=hears, is_input=not hears)
    if max(side.ports) >= len(theirs):
        raise ConfigError(
            f"{side.client} has {len(theirs)} {'outputs' if hears else 'inputs'} on the JACK server"
        )
    if len(side.ports) > len(mine):
        raise ConfigError(f"{len(mine)} ports are open, which is too few for {len(side.ports)}")
    pairs = zip(mine, (theirs[number] for number in side.ports), strict=False)
    return [(other, own) if hears else (own, other) for own, other in pairs]


def _ports(client: Any, owner: str, name: str, **kind: bool) -> list[str]:
    """In the order in which PortAudio counts them."""
    kinds = {key: on for key, on in kind.items() if on}
    found = client.get_ports(f"^{re.escape(owner)}:{name}$", is_audio=True, **kinds)
    return [port.name for port in found]


def _connected(client: Any, port: str) -> list[Wire]:
    own = client.get_port_by_name(port)
    others = [other.name for other in client.get_all_connections(own)]
    return [(port, other) if own.is_output else (other, port) for other in others]


def _change(client: Any, before: Sequence[Wire], after: Sequence[Wire]) -> None:
    for wire in before:
        if wire not in after:
            client.disconnect(*wire)
    for wire in after:
        if wire not in before:
            client.connect(*wire)
