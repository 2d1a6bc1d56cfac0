"""The stems of a stem file into the stems ring, for the audio that has come. Computes nothing.

What comes is the master of the same file. Positions of the session are those of the file, but for
the silence that was played while the master was waited for. Knows nothing of processes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rtsep.live_session.shared import Shared
from rtsep.mixer.conceal import RATIO_SAMPLES, ratios_of
from rtsep.ring.ring import Audio
from rtsep.stem_files.reading import StemFile, StemSource

_PIECE = 4096  # samples that are read and written at once


class FileStems:
    """The stems of a file one after the other, over and over with `loop`, else silence behind the
    end."""

    def __init__(self, file: StemFile, rate: int, *, loop: bool) -> None:
        self._file, self._rate, self._loop = file, rate, loop
        self._pieces = self._all()
        self._ready: Audio = np.zeros((len(file.stems), 2, 0), np.float32)

    def read(self, count: int) -> Audio:
        """(stems, 2, count)"""
        parts, have = [self._ready], self._ready.shape[-1]
        while have < count:
            parts.append(next(self._pieces))
            have += parts[-1].shape[-1]
        ready = np.concatenate(parts, -1)
        self._ready = ready[..., count:]
        return ready[..., :count]

    def skip(self, count: int) -> None:
        while count > 0:
            self.read(min(count, _PIECE))
            count -= _PIECE

    def _all(self) -> Iterator[Audio]:
        while True:
            with StemSource(self._file, self._rate) as source:
                for stems, _ in source.pieces(_PIECE):
                    yield stems
            while not self._loop:
                yield np.zeros((len(self._file.stems), 2, _PIECE), np.float32)


class TrueStemsLoop:
    """Drives one file, as loud as the input was made. After a restart it goes on behind what is in
    the ring already."""

    def __init__(self, file: StemFile, shared: Shared, *, loop: bool) -> None:
        layout = shared.layout
        self._shared = shared
        self._stems = FileStems(file, layout.rate, loop=loop)
        self._recent: Audio = np.zeros((shared.stems.channels, RATIO_SAMPLES), np.float32)
        self._dry: Audio = np.zeros((layout.channels, _PIECE), np.float32)
        self._trim: Audio = np.zeros((1, _PIECE), np.float32)
        first, _ = shared.input.readable()
        self._place = max(shared.stems.head, first)
        self._starved = min(int(shared.counters.starved[0]), self._place)
        self._stems.skip(self._place - self._starved)
        if shared.stems.head < self._place:
            shared.stems.skip_to(self._place)

    def work(self) -> None:
        """Stems for all that has come."""
        while (count := min(self._shared.input.head - self._place, _PIECE)) > 0:
            self._advance(count)

    def _advance(self, count: int) -> None:
        """By `count` samples. Those that the feed did not have in time come behind the others."""
        starved = int(self._shared.counters.starved[0])
        silent = min(starved - self._starved, count)
        self._starved += silent
        stems = np.pad(self._stems.read(count - silent), ((0, 0), (0, 0), (0, silent)))
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
