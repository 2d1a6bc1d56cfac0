"""The stems of a stem file into the stems ring, for the audio that has come. Computes nothing.

What comes is the master of the same file; its stems lie beside it in the feed, whose positions a
jump or a silence moves against those of the session. Knows nothing of processes or files.
"""

from __future__ import annotations

import numpy as np

from rtsep.live_session.shared import Shared
from rtsep.mixer.conceal import RATIO_SAMPLES, ratios_of
from rtsep.player.marks import SILENT
from rtsep.ring.ring import Audio

_PIECE = 4096  # samples that are read and written at once


class TrueStemsLoop:
    """As loud as the input was made. After a restart it goes on behind what is in the ring
    already."""

    def __init__(self, shared: Shared) -> None:
        layout = shared.layout
        assert shared.feed_stems is not None, "this session is fed no stems"
        self._shared, self._feed = shared, shared.feed_stems
        self._recent: Audio = np.zeros((shared.stems.channels, RATIO_SAMPLES), np.float32)
        self._dry: Audio = np.zeros((layout.channels, _PIECE), np.float32)
        self._trim: Audio = np.zeros((1, _PIECE), np.float32)
        first, _ = shared.input.readable()
        self._place = max(shared.stems.head, first)
        if shared.stems.head < self._place:
            shared.stems.skip_to(self._place)

    def work(self) -> None:
        """Stems for all that has come."""
        while (count := min(self._shared.input.head - self._place, _PIECE)) > 0:
            self._advance(count)

    def _advance(self, count: int) -> None:
        layout = self._shared.layout
        stems = self._read(count).reshape(layout.stems, layout.channels, count)
        dry, trim = self._dry[:, :count], self._trim[:, :count]
        self._shared.input.read_into(self._place, dry)
        if self._shared.trim:
            self._shared.trim.read_into(self._place, trim)
            stems *= trim
        stems += (dry - stems.sum(0)) / np.float32(len(stems))
        self._shared.stems.write(stems.reshape(-1, count))
        self._place += count
        self._shared.counters.steps[0] += 1
        self._shared.stems.read_into(self._place - RATIO_SAMPLES, self._recent)
        self._shared.ratios.publish(ratios_of(self._recent.reshape(len(stems), 2, -1)))

    def _read(self, count: int) -> Audio:
        """What lies in the feed for the positions from the present one on."""
        rows: Audio = np.zeros((self._feed.channels, count), np.float32)
        end = self._place + count
        for joint in self._shared.marks.joints()[::-1]:
            start, feed = int(joint["position"]), int(joint["feed"])
            here = max(start, self._place)
            if here < end and feed != SILENT:
                part = rows[:, here - self._place : end - self._place]
                self._feed.read_into(feed + here - start, part)
            end = min(end, here)
            if start <= self._place:
                break
        return rows
