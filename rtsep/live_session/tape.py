"""What the audio callback plays, by position, for whoever records it."""

from __future__ import annotations

import numpy as np

from rtsep.live_session.shared import Shared
from rtsep.mixer.faders import Block
from rtsep.mixer.playout import FADE
from rtsep.ring.ring import Audio


class Tape:
    """Stems before equalizers and faders, the mix, and the input, from position 0 on, each position
    once: what is heard again, because the delay has become longer, is not written again."""

    def __init__(self, shared: Shared) -> None:
        layout = shared.layout
        self._ring = shared.tape
        self._channels = layout.channels
        self._rows: Audio = np.zeros((layout.tape_channels, layout.longest_block), np.float32)
        self._newest: Audio = np.zeros((layout.tape_channels, FADE), np.float32)
        self._again = False  # what is heard now is on the tape already
        self._left = 0  # samples of a fade that are still to come

    def write(self, heard: int, block: Block, mix: Audio) -> None:
        """A block whose first sample has the position `heard`."""
        count, ring, rows = mix.shape[1], self._ring, self._rows[:, : mix.shape[1]]
        stems = len(rows) - 2 * self._channels
        rows[:stems] = block.stems.reshape(stems, count)
        rows[stems : -self._channels] = mix
        rows[-self._channels :] = block.dry
        if heard + count <= 0:
            return
        if ring.head < heard:  # a predecessor was lost; what it did not play is a gap
            ring.skip_to(heard)
        known = ring.head - heard
        self._again |= known > 0 and ring.head > 0
        if known >= count:
            return
        if self._again:
            ring.read_into(ring.head - FADE, self._newest)
            self._again, self._left = False, FADE
        new = rows[:, known:]
        if self._left:
            self._lead_over(new)
        ring.write(new)

    def _lead_over(self, rows: Audio) -> None:
        """After what was heard twice, stems and mix need not go on where they were: they may have
        been made up then, and faders may have moved. The newest samples played backwards fade out.
        The input does go on."""
        count, newest = min(self._left, rows.shape[1]), self._newest[: -self._channels]
        backwards = newest[:, self._left - count : self._left][:, ::-1]
        down = np.arange(self._left, self._left - count, -1, dtype=np.float32) / (FADE + 1)
        new = rows[: -self._channels, :count]
        new += down * (backwards - new)
        self._left -= count
