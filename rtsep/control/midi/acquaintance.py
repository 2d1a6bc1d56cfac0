"""Whether a device speaks as its map says, told from the first that it sends."""

from __future__ import annotations

from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import RELATIVE, TYPES, Event

MOST_STRANGE = 6  # messages before anything that the map knows
FASTEST_START = 16  # clicks: nobody turns a knob at rest so fast, but a position may be any number


class Acquaintance:
    """Hears what comes until the first message that fits, and then believes everything."""

    def __init__(self, device: DeviceMap) -> None:
        self._bindings = device.bindings
        self._fits = False
        self._strangers = 0

    @property
    def strange(self) -> bool:
        """Whether so much came, and nothing of it fits, that this is another device or mode."""
        return not self._fits and self._strangers >= MOST_STRANGE

    def believes(self, event: Event) -> bool:
        """Whether to do what the map says of an event."""
        if not self._fits and event.type in TYPES:
            self._fits = any(
                binding.means(event) and _plausible(binding, event) for binding in self._bindings
            )
            self._strangers += not self._fits
        return self._fits


def _plausible(binding: Binding, event: Event) -> bool:
    """Whether a control sends this at first. A position, read as clicks, would throw our fader."""
    if binding.mode not in RELATIVE:
        return True
    return 0 < abs(binding.clicks(event.value)) <= FASTEST_START
