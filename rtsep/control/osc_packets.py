"""OSC packets to messages and back. Anybody may send anything: what is odd is refused, quickly.

python-osc reads the values; bundles are split here, because it never comes back from a bundle
with a negative size, and so are messages, because it does not know the type I and writes to the log
about types it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing import osc_types

from rtsep.errors import UsageError

Value = bool | int | float | str | None

LONGEST_PACKET = 4096
LONGEST_ADDRESS = 200
DEEPEST_BUNDLE = 4
_BUNDLE = b"#bundle\0"
_BUNDLE_HEAD = 16  # the word and the time, which is ignored: what arrives is done at once
_READ: dict[str, Callable[[bytes, int], tuple[Any, int]]] = {
    "i": osc_types.get_int,
    "f": osc_types.get_float,
    "d": osc_types.get_double,
    "h": osc_types.get_int64,
    "s": osc_types.get_string,
    "S": osc_types.get_string,  # a symbol
    "T": lambda packet, at: (True, at),
    "F": lambda packet, at: (False, at),
    "N": lambda packet, at: (None, at),
    "I": lambda packet, at: (True, at),  # an impulse: a button that is only pressed
}


class Message(NamedTuple):
    """An address such as /stem/vocals/gain, and what belongs to it."""

    address: str
    values: tuple[Value, ...]


def read_packet(packet: bytes, depth: int = 0) -> list[Message]:
    """The messages of a packet, those of bundles included. Raises UsageError."""
    if len(packet) > LONGEST_PACKET:
        raise UsageError(f"a packet of more than {LONGEST_PACKET} bytes")
    if not packet.startswith(_BUNDLE):
        return [_read_message(packet)]
    if depth == DEEPEST_BUNDLE:
        raise UsageError(f"bundles in bundles, more than {DEEPEST_BUNDLE} deep")
    found, at = [], _BUNDLE_HEAD
    while at < len(packet):
        start = at + 4
        at = start + int.from_bytes(packet[at:start], "big")
        if at > len(packet) or at == start:
            raise UsageError("a bundle with a part of impossible size")
        found += read_packet(packet[start:at], depth + 1)
    return found


def write_packet(address: str, *values: Value) -> bytes:
    """One message. Raises OverflowError for numbers that OSC's 32-bit floats cannot hold."""
    builder = OscMessageBuilder(address)
    for value in values:  # a text ends at its first zero byte: behind it the packet would be read
        builder.add_arg(value.partition("\0")[0] if isinstance(value, str) else value)
    return builder.build().dgram


def _read_message(packet: bytes) -> Message:
    if not packet.startswith(b"/"):
        raise UsageError("a packet that is neither an OSC message nor a bundle")
    try:
        address, at = osc_types.get_string(packet, 0)
        types, at = osc_types.get_string(packet, at) if packet[at:] else (",", at)
        if len(address) > LONGEST_ADDRESS:
            raise UsageError(f"an address of {len(address)} characters")
        if not types.startswith(",") or not _READ.keys() >= set(types[1:]):
            raise UsageError(f"values of types {types[:20]!r}; rtsep reads numbers and text")
        values = []
        for kind in types[1:]:
            value, at = _READ[kind](packet, at)
            values.append(value)
        return Message(address, tuple(values))
    except (osc_types.ParseError, UnicodeDecodeError) as error:
        raise UsageError("an OSC message that is cut short or damaged") from error
