"""Sockets that listen: on this machine, unless somebody asked for more and is told."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from rtsep.errors import ConfigError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class HostPort:
    """Where to listen. Port 0 is any that is free."""

    host: str
    port: int


def parse_host_port(text: str, what: str) -> HostPort:
    """`9000`, `HOST:9000` or `[IPV6]:9000`; without a host, only this machine. ConfigError, which
    says `what` wants to listen."""
    match = re.fullmatch(r"(?:(?:\[([^\]]+)\]|([^:\[\]*\s]*)):)?([0-9]{1,5})", text.strip())
    if match is None or int(match[3]) > 65535:
        raise ConfigError(
            f"{what} listens on PORT or HOST:PORT, got {text[:80]!r}; "
            "give for example 9000, or 0.0.0.0:9000 for the whole network"
        )
    return HostPort(match[1] or match[2] or LOOPBACK, int(match[3]))


def bound_socket(
    kind: socket.SocketKind,
    place: HostPort,
    what: str,
    danger: str,
    warn: Callable[[str], object] | None,
) -> socket.socket:
    """A socket that is bound, datagrams or a stream. `warn` is told, before it happens, that others
    than this machine will reach it, and of the `danger`; without it that is refused. ConfigError.
    """
    try:
        found = socket.getaddrinfo(place.host, place.port, type=kind)
        # "localhost" is two addresses; nearly all programs send to the one of IPv4.
        family, kind, protocol, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
        bound = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{what} cannot listen on {place.host[:80]!r}: {error}; try {LOOPBACK}"
        ) from error
    with contextlib.ExitStack() as opened:
        opened.callback(bound.close)
        _warn_of(str(address[0]), what, danger, warn)
        try:
            if kind == socket.SOCK_STREAM and os.name == "posix":  # else its last end blocks it
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            raise ConfigError(
                f"{what} cannot listen on {place.host}:{place.port}: {error.strerror}; "
                "give another port, or 0 for any that is free"
            ) from error
        opened.pop_all()
    return bound


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a numeric address."""
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _warn_of(host: str, what: str, danger: str, warn: Callable[[str], object] | None) -> None:
    """Say that it will be open to others, or refuse that."""
    if is_loopback(host):
        return
    if warn is None:
        raise ConfigError(
            f"{what} on {host} is open to others, and nobody is told; take {LOOPBACK}"
        )
    warn(f"warning: {what} on {host} is open: {danger}")
