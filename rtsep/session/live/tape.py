"""What the audio callback plays, by position, for whoever records it."""

from __future__ import annotations

import numpy as np

from rtsep.mixer.faders import Block
from rtsep.mixer.playout import FADE
from rtsep.ring.ring import Audio
from rtsep.session.live.shared import Shared


class Tape:
    """Stems before the faders, the mix, and the input, from position 0 on, each position once: what
    is heard again, because the delay has become longer, is not written again."""

    def __init__(self, shared: Shared) -> None:
        layout = shared.layout
        self._ring = shared.tape
        self._channels = layout.channels
        self._rows: Audio = np.zeros((layout.tape_channels, layout.longest_block), np.float32)
        self._newest: Audio = np.zeros((layout.tape_channels, FADE), np.float32)
        self._again = False  # what is heard now is on the tape already

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
            self._join(rows[:, known:])
            self._again = False
        ring.write(rows[:, known:])

    def _join(self, rows: Audio) -> None:
        """After what was heard twice: stems and mix need not go on where they were, since they may
        have been made up then, and faders may have moved. The newest samples played backwards lead
        over. The input does go on."""
        count = min(FADE, rows.shape[1])
        newest = self._newest[:, :count]
        self._ring.read_into(self._ring.head - count, newest)
        down = np.arange(count, 0, -1, dtype=np.float32) / (count + 1)
        made = rows[: -self._channels, :count]
        made += down * (newest[: -self._channels, ::-1] - made)
