"""A controller that exists in software only: JACK MIDI ports that others see as a device's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rtmidi


class VirtualController:
    """Has an output, from which its messages come, and an input, which hears the feedback."""

    def __init__(self, client: str, port: str) -> None:
        self.name = f"{client}:{port}"
        self._out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
        self._out.open_virtual_port(port)
        # JACK renames a second client of this name. Ours is found by what both names contain.
        self._in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=client, queue_size_limit=8192)
        self._in.ignore_types(sysex=False)
        self._in.open_virtual_port(port)
        self.heard: list[list[int]] = []

    def send(self, *message: int) -> None:
        self._out.send_message(list(message))

    def listen(self) -> list[list[int]]:
        """All feedback so far."""
        while found := self._in.get_message():
            self.heard.append(found[0])
        return self.heard

    def last(self, *start: int) -> int | None:
        """The last value of the messages that begin so; None if there was none."""
        values = [one[-1] for one in self.listen() if one[: len(start)] == list(start)]
        return values[-1] if values else None

    def close(self) -> None:
        for port in (self._out, self._in):
            port.close_port()
            port.delete()


@contextmanager
def plugged_in(
    client: str = "nanoKONTROL2", port: str = "nanoKONTROL2 MIDI 1"
) -> Iterator[VirtualController]:
    controller = VirtualController(client, port)
    try:
        yield controller
    finally:
        controller.close()


def eventually(question: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first answer that is true; fails if there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)
    return answer


def sweep(controller: VirtualController, start: Sequence[int], values: Sequence[int]) -> None:
    """Move a fader through values at the pace of a quick hand."""
    for value in values:
        controller.send(*start, value)
        time.sleep(0.003)
