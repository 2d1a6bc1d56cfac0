"""Under which address others find this machine."""

from __future__ import annotations

import socket

import psutil

from rtsep.control.listening import is_loopback

_ELSEWHERE = ("192.0.2.1", 9)  # an address of nobody (RFC 5737), to which nothing is sent


def own_addresses() -> list[str]:
    """IPv4 addresses of this machine in networks, the one that most is sent from first."""
    cards = psutil.net_if_stats()
    found = [
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family == socket.AF_INET and name in cards and cards[name].isup
    ]
    first = _usual_address()
    others = [one for one in found if not is_loopback(one) and one != first]
    return [*([first] if first else []), *others]


def links(host: str, port: int) -> list[str]:
    """Where a page that listens on `host` is found, the likeliest first."""
    hosts = own_addresses() if host in ("0.0.0.0", "::") else [host]
    return [f"http://{f'[{one}]' if ':' in one else one}:{port}/" for one in hosts or ["127.0.0.1"]]


def _usual_address() -> str | None:
    """From where this machine would send to the rest of the world; None without any network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])
