"""Who may come in: devices that have shown a code, and pages of our own.

A code is good once and becomes the secret of that device. Knows nothing of requests.
"""

from __future__ import annotations

import platform
import re
import secrets
import threading
from collections import deque
from ipaddress import ip_address

MOST_DEVICES = 64  # that are known; one more, and the oldest is forgotten
CODE_BYTES, SECRET_BYTES = 16, 32


class Door:
    """Any thread may call."""

    def __init__(self, *, locked: bool) -> None:
        """Not `locked`, it is open to whoever knocks: only this machine can."""
        self.locked = locked
        self._lock = threading.Lock()
        self._code: str | None = None
        self._devices: deque[str] = deque(maxlen=MOST_DEVICES)

    def new_code(self) -> str:
        """The one before is void."""
        with self._lock:
            self._code = secrets.token_urlsafe(CODE_BYTES)
            return self._code

    def enter(self, code: str) -> str | None:
        """The secret of a new device, for the code; None for any other."""
        with self._lock:
            if self._code is None or not _same(code, self._code):
                return None
            self._code = None
            self._devices.append(secrets.token_urlsafe(SECRET_BYTES))
            return self._devices[-1]

    def knows(self, secret: str) -> bool:
        """Takes as long for every secret."""
        with self._lock:
            known = [_same(secret, device) for device in self._devices]
        return not self.locked or any(known)


def is_own_host(host: str) -> bool:
    """An address, or a name of this machine, with or without a port.

    Somebody's page can lead any other name to this machine (DNS rebinding), but not an address.
    """
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::[0-9]{1,5})?", host)
    if match is None:
        return False
    name = (match[1] or match[2]).lower().rstrip(".")
    own = platform.node().lower()
    return name in {"localhost", own, f"{own}.local"} or _is_address(name)


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of ours asks: one of the same host and port. Programs name no origin."""
    return origin.lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
