"""What opened devices are to whoever plays on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rtsep.audio.routes import Route
from rtsep.ring.ring import Audio
from rtsep.status import LatencyPart

# (input, output, samples, flags). The input is (2, n), or None without a device; the output, to be
# filled, is (2 * routes, n), or None. The flags are sounddevice's, true when a device lost sound.
Process = Callable[[Audio | None, Audio | None, int, Any], None]
Rows = tuple[int, ...]


class Duplex(Protocol):
    """Opened devices."""

    rate: int
    blocksize: int  # 0: what the host API gives, which may vary; on JACK the server's period
    routes: tuple[Route, ...]  # in the order of the output's rows
    notes: tuple[str, ...]  # what a listener should be told

    @property
    def at_once(self) -> int:
        """The most samples that have come at once so far; 0 if nobody knows."""

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        """The parts of the way through the devices, apart from what `process` adds. Final when
        the first blocks have been played."""

    @property
    def opened(self) -> tuple[Rows, ...]:
        """The device's channels that are open, of the input and of the output, in order of rows."""

    def patched(
        self, inputs: Rows, routes: tuple[Route, ...], outputs: tuple[Rows, ...]
    ) -> Callable[[], None]:
        """What goes over to other rows of what is open, from the next block on; empty ones leave a
        direction as it is. Only `process` may call it, so that no block changes in its middle."""

    @property
    def active(self) -> bool:
        """False before the start and after the end, also when a device brought it about."""

    def start(self, process: Process) -> None:
        """Call `process` for each block, from a thread that it must not hold up."""

    def close(self) -> None:
        """Returns when the last call has returned. Quickly, even if a device is dead."""
