"""OSC over UDP: a desk under the faders of a tablet, a phone or a program, and back to them.

Who sends /subscribe hears of every change, and of levels and figures, until a minute passes without
another one. Bound to this machine unless a host is given, and to no network in silence.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from rtsep.closing import Closing
from rtsep.control.ends import SessionEnds
from rtsep.control.listening import HostPort, bound_socket, is_loopback, parse_host_port
from rtsep.control.osc_desk import desk_state, figures, meant, meters, obey
from rtsep.control.osc_ends import SWAPS, ends_state, obey_swap
from rtsep.control.osc_listeners import Address, Listener, answer_address
from rtsep.control.osc_packets import LONGEST_PACKET, Message, read_packet, write_packet
from rtsep.errors import ConfigError, UsageError
from rtsep.mixer.desk import Desk
from rtsep.status import LiveStatus

OscSpec = HostPort

DANGER = "everybody on that network can move the faders"
METERS_SECONDS = 0.05
FIGURES_SECONDS = 1.0
IDLE_SECONDS = 0.1  # how long the thread waits for a packet when nobody listens
SUBSCRIBED_SECONDS = 60.0
MOST_SUBSCRIBERS = 8
PACE = 1000  # messages a second, on average; and so many at once
REPORT_SECONDS = 1.0
SERVICES = {"/ping", "/subscribe", "/unsubscribe"}


def parse_osc_spec(text: str) -> OscSpec:
    """`9000`, `HOST:9000` or `[IPV6]:9000`; without a host, only this machine. ConfigError."""
    return parse_host_port(text, "OSC")


class OscServer(Closing):
    """Listens from when it is made until `close`, in a thread of its own.

    `on_event` gets sentences for the user: where it listens, and at most once a second what was
    refused. It is called from that thread too. Raises ConfigError where it cannot listen.
    """

    def __init__(
        self,
        desk: Desk,
        status: Callable[[], LiveStatus],
        spec: OscSpec,
        on_event: Callable[[str], object],
        warn: Callable[[str], object] | None = None,
        ends: SessionEnds | None = None,
    ) -> None:
        """`warn` is told, before it happens, that others than this machine will reach the desk;
        without it that is refused. `ends` are the session's input and output."""
        self.refused = 0  # packets and messages that meant nothing
        self._desk = desk
        self._status = status
        self._ends = ends
        self._on_event = on_event
        self._socket = bound_socket(socket.SOCK_DGRAM, spec, "OSC", DANGER, warn)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._subscribers: dict[Address, Listener] = {}
        self._budget = float(PACE)  # messages that may come before the pace is too high
        self._unreported, self._why, self._report_due = 0, "", 0.0
        self._closing = threading.Event()
        on_event(_where(*self.address))
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and free the port. May be called twice."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        now = time.monotonic()
        meters_due = figures_due = now
        while not self._closing.is_set():
            self._receive(max(meters_due - now, 0.001) if self._subscribers else IDLE_SECONDS)
            before, now = now, time.monotonic()
            self._budget = min(self._budget + PACE * (now - before), PACE)
            self._report(now)
            self._forget(now)
            if not self._subscribers or now < meters_due:
                continue
            meters_due = now + METERS_SECONDS
            hearing = [who for who, one in self._subscribers.items() if one.begins <= now]
            status = self._status()
            self._tell_changes(hearing, now)
            self._send(meters(self._desk, status), hearing)
            if now >= figures_due:
                self._send([figures(status)], hearing)
                figures_due = now + FIGURES_SECONDS

    def _forget(self, now: float) -> None:
        """Those who have not renewed their subscription."""
        for who in [who for who, one in self._subscribers.items() if one.until <= now]:
            del self._subscribers[who]

    def _receive(self, timeout: float) -> None:
        """Wait for one packet and do what it says, unless there were far too many of late."""
        if self._budget < 1:
            self._refuse(f"more than {PACE} messages a second, of which some were lost")
            self._closing.wait(min(timeout, 0.02))
            return
        self._socket.settimeout(timeout)
        try:
            packet, sender = self._socket.recvfrom(LONGEST_PACKET + 1)
        except OSError:  # nothing came; on Windows also: what we sent before met a closed port
            return
        try:
            messages = read_packet(packet)
        except UsageError as error:
            messages = []
            self._refuse(str(error))
        self._budget -= max(len(messages), 1)
        for message in messages:
            self._handle(message, sender)

    def _handle(self, message: Message, sender: Address) -> None:
        try:
            if message.address in SERVICES:
                self._serve(message, sender)
            elif message.address in SWAPS:
                obey_swap(self._ends, message)
            else:
                self._note_move(message, sender)
                obey(self._desk, message)
        except ConfigError as error:
            self._refuse(str(error))

    def _serve(self, message: Message, sender: Address) -> None:
        if message.address == "/ping":
            self._send([Message("/pong", ())], [sender])
        elif message.address == "/subscribe":
            self._subscribe(answer_address(message, sender), sender)
        else:
            self._subscribers.pop(answer_address(message, sender), None)

    def _note_move(self, message: Message, sender: Address) -> None:
        """Leave alone what this sender moves, whether or not the desk takes it. ConfigError."""
        addresses, now = meant(self._desk, message.address), time.monotonic()
        for listener in self._subscribers.values():
            if listener.origin == sender:
                listener.moved(addresses, message.values, now)

    def _subscribe(self, who: Address, sender: Address) -> None:
        """From soon on the newcomer is told all there is, and then what changes."""
        now = time.monotonic()
        listener = self._subscribers.get(who)
        if listener is None:
            if len(self._subscribers) >= MOST_SUBSCRIBERS:
                raise ConfigError(
                    f"no more than {MOST_SUBSCRIBERS} subscribers, {who[0]} is one more"
                )
            listener = self._subscribers[who] = Listener(now)
        listener.origin, listener.until = sender, now + SUBSCRIBED_SECONDS

    def _tell_changes(self, hearing: Iterable[Address], now: float) -> None:
        """Send everybody what is not as it was told last, whoever changed it."""
        state = desk_state(self._desk) | ends_state(self._ends)
        for who in hearing:
            self._send(self._subscribers[who].news(state, now), [who])

    def _send(self, messages: Iterable[Message], to: Sequence[Address]) -> None:
        for message in messages:
            packet = write_packet(message.address, *message.values)
            for receiver in to:
                with contextlib.suppress(OSError):  # nobody there any more; the minute will end
                    self._socket.sendto(packet, receiver)

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self._unreported += 1
        self._why = why

    def _report(self, now: float) -> None:
        """Tell the user what was refused since the last time."""
        if self._unreported and now >= self._report_due:
            self._on_event(f"OSC: {self._unreported} refused, the last: {self._why}")
            self._unreported = 0
            self._report_due = now + REPORT_SECONDS


def _where(host: str, port: int) -> str:
    if is_loopback(host):
        return f"OSC listens on {host}:{port}"
    return f"OSC listens on {host}:{port}: {DANGER}"
