"""An OSC server on a free port, and a client that sends to it and hears from it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from live_status import a_desk, a_status
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from rtsep.control.ends import SessionEnds
from rtsep.control.osc import OscServer, OscSpec
from rtsep.status import LiveStatus

SECONDS = 20.0  # that a test waits at most


class OscRig:
    """A desk, the server that moves it, and what that reported."""

    def __init__(self, stems: int = 4, ends: SessionEnds | None = None) -> None:
        self.desk = a_desk(stems)
        self.status: LiveStatus = a_status()
        self.events: list[str] = []
        self.looks = 0
        spec = OscSpec("127.0.0.1", 0)
        self.server = OscServer(self.desk, self._look, spec, self.events.append, ends=ends)
        self.client = Client(self.server.address)

    def _look(self) -> LiveStatus:
        self.looks += 1
        return self.status

    def send(self, address: str, *values: object) -> None:
        """Send, and wait until it and all before it was handled."""
        self.client.tell(address, *values)
        self.client.ask()

    def close(self) -> None:
        self.client.close()
        self.server.close()


class Client(SimpleUDPClient):
    """python-osc's client; hears what is sent back to the port it sends from."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(*server)
        self._sock.settimeout(SECONDS)
        self.heard: list[tuple[str, list[Any]]] = []

    @property
    def socket(self) -> socket.socket:
        return self._sock

    def tell(self, address: str, *values: object) -> None:
        self.send_message(address, list(values))  # type: ignore[arg-type]

    def throw(self, packet: bytes) -> None:
        """Send any bytes."""
        self.socket.sendto(packet, (self._address, self._port))

    def ask(self) -> None:
        """Wait for an answer: what was sent before has been handled then."""
        self.tell("/ping")
        self.wait_for("/pong")

    def wait_for(self, address: str, true: Callable[[list[Any]], bool] = lambda _: True) -> Any:
        """The values of the next such message for which that is true."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            message = OscMessage(self.socket.recv(65536))
            self.heard.append((message.address, message.params))
            if message.address == address and true(message.params):
                return message.params
        raise AssertionError(f"no {address} in {self.heard[-20:]}")

    def close(self) -> None:
        self.socket.close()


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)
