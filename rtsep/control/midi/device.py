"""One connected controller: its ports and its surface."""

from __future__ import annotations

from collections.abc import Callable

from rtsep.control.midi.maps import DeviceMap
from rtsep.control.midi.ports import Backend, Output, output_for
from rtsep.control.midi.surface import Surface
from rtsep.mixer.desk import Desk

FEEDBACK_S = 0.02  # between two rounds of feedback; quicker than eyes, slower than any MIDI cable


class Device:
    """Moves the desk from when it is made until it is closed. Errors of its ports are OSErrors."""

    def __init__(
        self,
        backend: Backend,
        port: str,
        device: DeviceMap,
        desk: Desk,
        on_event: Callable[[str], None],
    ) -> None:
        """Open the input, and the output if the map has something to say there."""
        self.port = port
        self._input = backend.open_input(port)
        try:
            self._output = _output(backend, port, device)
        except BaseException:
            self._input.close()
            raise
        self._surface = Surface(device, desk, on_event, answers=self._output is not None)
        self._feedback_at = 0.0

    @property
    def strange(self) -> bool:
        """Whether it speaks otherwise than its map says."""
        return self._surface.strange

    def poll(self, now: float) -> None:
        """Do what has arrived, and now and then say what has changed. Never waits."""
        self._surface.receive(self._input.messages(), now)
        if self._output is not None and now >= self._feedback_at:
            self._feedback_at = now + FEEDBACK_S
            for message in self._surface.feedback(now):
                self._output.send(message)

    def close(self, *, dark: bool) -> None:
        """`dark`: put the lamps out first, which makes no sense on a device that is gone."""
        try:
            if self._output is not None and dark:
                for message in self._surface.dark():
                    self._output.send(message)
        finally:
            self._input.close()
            if self._output is not None:
                self._output.close()


def _output(backend: Backend, port: str, device: DeviceMap) -> Output | None:
    if not device.on_connect and not any(binding.feedback for binding in device.bindings):
        return None
    name = output_for(port, backend.outputs(), device)
    if name is None:
        return None
    output = backend.open_output(name)
    for message in device.on_connect:
        output.send(message)
    return output
