"""A device that plays a probe's signal and not the mix, so that nothing goes round a closed loop.

Everything else is as ever: the callback hears the device, mixes, and fills its output, only that
this ends in the probe.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.audio.channels import USUAL_BLOCK
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.devices import BlockCall, NamedDevice, OpenDevice
from rtsep.live_session.messages import Patch
from rtsep.live_session.shared import Counters
from rtsep.ring.probe import Probe
from rtsep.ring.ring import Audio

INPUT, MIXED, STEMS = slice(0, 2), slice(2, 4), 4  # rows of a probe; two for each stem behind them


def probe_rows(stems: int) -> int:
    return STEMS + 2 * stems


class ProbedDevice:
    """Opens the device, with a probe in the given shared memory."""

    def __init__(self, device: NamedDevice, memory: Any) -> None:
        self._device, self._memory = device, memory

    def open(self, model_rate: int, stems: tuple[str, ...]) -> OpenDevice:
        probe = Probe(self._memory, probe_rows(len(stems)))
        return OpenProbed(self._device.open(model_rate, stems), probe, len(stems))


class OpenProbed:
    """Has the mix and every stem played, each on a pair of the probe's rows."""

    patched = True

    def __init__(self, device: OpenDevice, probe: Probe, stems: int) -> None:
        self.ready = device.ready
        self.outputs = (MIX, *range(stems))
        self._device, self._probe = device, probe
        self._rows: Audio = np.zeros((2 * len(self.outputs), USUAL_BLOCK), np.float32)

    @property
    def active(self) -> bool:
        return self._device.active

    def patch(self, patch: Patch, callback: Callback) -> None:
        """A measurement is not changed."""

    def start(self, callback: BlockCall, counters: Counters) -> None:
        def process(recorded: Audio | None, played: Audio | None, count: int) -> None:
            assert recorded is not None and played is not None
            if count > self._rows.shape[1]:
                self._rows = np.zeros((len(self._rows), count), np.float32)
            rows = self._rows[:, :count]
            callback(recorded, rows, count)
            self._probe.exchange((recorded, rows), played)

        self._device.start(process, counters)

    def declare(self, delay: int) -> None:
        self._device.declare(delay)

    def close(self) -> None:
        self._device.close()
