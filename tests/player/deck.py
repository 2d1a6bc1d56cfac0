"""A player without processes or threads: the real reel, feeder, transport and callback, turn by
turn, with the rings of a session between them. Time is counted in samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from rtsep.config import StreamSpec
from rtsep.files.places import Kind, Place
from rtsep.files.sources import SourceBlocks
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.shared import SHARED_BYTES, Layout, Shared
from rtsep.live_session.true_stems_loop import TrueStemsLoop
from rtsep.player.feeder import Feeder
from rtsep.player.reel import Reel
from rtsep.player.transport import FileTransport

RATE, BLOCK, DELAY = 44_100, 256, 2048


class Deck:
    """`heard` is what the device got, (2, n); `fed` what came in at the session's positions."""

    def __init__(self, path: Path | str, *, loop: bool = False, stems: bool = False) -> None:
        spec = StreamSpec(
            window=1024, hop=1024, lookahead=0, crossfade=0, frame=1024, sample_rate=RATE
        )
        layout = Layout(
            spec=spec, stems=4, channels=2, rate=RATE, delay=DELAY, longest_block=BLOCK,
            true_stems=stems,
        )  # fmt: skip
        self.shared = Shared(bytearray(SHARED_BYTES), layout)
        self.shared.begin()
        self.told: list[str] = []
        self.changes = 0
        source = SourceBlocks(Place(Kind.FILE, str(path)), loop=loop, stream=0 if stems else None)
        self.reel = Reel(source, RATE, self.told.append, stems=stems)
        self.lane = self.shared.lane
        self.feeder = Feeder(self.reel, self.lane, self.told.append, self._changed)
        self.transport = FileTransport(
            self.reel,
            self.feeder,
            self.shared.marks,
            lambda: self.shared.input.head - DELAY,
            self._changed,
        )
        outputs = (0, 1, 2, 3, MIX) if stems else (MIX,)
        self.callback = Callback(self.shared, lambda: None, feed=True, outputs=outputs)
        self.callback.faders.settle()
        self.engine = TrueStemsLoop(self.shared) if stems else None
        self._rows = 2 * len(outputs)
        self._heard: list[np.ndarray] = []
        self._fed: list[np.ndarray] = []

    def _changed(self) -> None:
        self.changes += 1

    def play(self, samples: int, *, feeds: bool = True) -> None:
        for _ in range(samples // BLOCK):
            before = self.shared.input.head
            out = np.full((self._rows, BLOCK), np.nan, np.float32)
            self.callback(None, out, BLOCK)
            count = self.shared.input.head - before
            fed = np.zeros((2, count), np.float32)
            self.shared.input.read_into(before, fed)
            self._fed.append(fed)
            if self.engine:
                self.engine.work()
            else:  # stems that nobody hears apart
                self.shared.stems.write(np.concatenate([fed / 4] * 4))
            if feeds:
                self.turn()
            self._heard.append(out)

    def turn(self) -> None:
        self.feeder.fill()
        self.feeder._follow(self.reel)

    @property
    def heard(self) -> np.ndarray:
        return np.concatenate(self._heard, 1)

    @property
    def fed(self) -> np.ndarray:
        return np.concatenate(self._fed, 1)

    def close(self) -> None:
        self.feeder.close()


def ramp(samples: int, seed: int = 0) -> np.ndarray:
    """(2, n) noise of which every sample is another one."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (2, samples)).astype(np.float32)


def write(path: Path, audio: np.ndarray) -> Path:
    soundfile.write(path, audio.T, RATE, subtype="FLOAT")
    return path


def find(part: np.ndarray, whole: np.ndarray) -> int:
    """Where a part lies in the whole, sample by sample; -1 if it does not."""
    starts = np.flatnonzero(np.isclose(whole[0, : whole.shape[1] - part.shape[1] + 1], part[0, 0],
                                       rtol=0, atol=1e-7))  # fmt: skip
    for start in starts:
        if np.array_equal(whole[:, start : start + part.shape[1]], part):
            return int(start)
    return -1


Start = Callable[..., Deck]
