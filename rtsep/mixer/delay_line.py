"""What is heard how long after it came, also when that time changes. Runs in the audio callback."""

from __future__ import annotations

import numpy as np

from rtsep.mixer.conceal import Ratios
from rtsep.mixer.control import Control
from rtsep.mixer.faders import Block
from rtsep.mixer.playout import Playout
from rtsep.ring.ring import Audio, Ring

CROSSFADE = 1024  # samples between two delays


class DelayLine:
    """Stems and input, `delay` samples after they came, on one path or another.

    With another delay or path the sound jumps, without a click: for a while both are played and
    crossfaded.
    """

    def __init__(
        self,
        stems: Ring,
        dry: Ring,
        ratios: Ratios,
        control: Control,
        longest: int,
        delay: int,
        instant: Ring | None = None,
        path: int = 0,
    ) -> None:
        """As `Playout`, with the path and its delay at the beginning."""
        channels, count = dry.channels, stems.channels // dry.channels
        self.delay = delay
        self._before = delay
        self._left = 0  # samples of a crossfade that are still to come
        self._paths = [  # of each, one that plays and one that takes over when its delay changes
            [Playout(stems, dry, ratios, control, longest, instant) for _ in range(2)]
        ]
        if instant:
            self._paths.append([Playout(instant, dry, ratios, control, longest) for _ in range(2)])
        self._path = path
        self._now, self._old = self._paths[path]
        shapes = ((count, channels), (channels,), (channels,), (channels,))
        self._blended = tuple(np.zeros((*shape, longest), np.float32) for shape in shapes)

    @property
    def concealed(self) -> int:
        """Samples in which a substitute is heard, crossfades included."""
        return sum(playout.concealed for path in self._paths for playout in path)

    @property
    def gaps(self) -> int:
        """Times that stems were missing."""
        return sum(playout.gaps for path in self._paths for playout in path)

    def pull(self, position: int, delay: int, count: int, path: int = 0) -> Block:
        """What is heard with the `count` samples from `position` on; valid until the next call. One
        change of the delay or the path is over before the next begins."""
        if (delay, path) != (self.delay, self._path) and not self._left:
            self._old = self._now
            self._now = next(each for each in self._paths[path] if each is not self._old)
            self._now.begin()
            self._before, self.delay, self._left = self.delay, delay, CROSSFADE
            self._path = path
        block = self._now.pull(position - self.delay, count)
        if not self._left:
            return block
        blended = self._blend(self._old.pull(position - self._before, count), block)
        self._left = max(self._left - count, 0)
        return blended

    def _blend(self, old: Block, new: Block) -> Block:
        count = new.dry.shape[1]
        down: Audio = np.arange(self._left, self._left - count, -1, dtype=np.float32)
        down /= CROSSFADE + 1
        np.maximum(down, 0, out=down)
        stems, dry, base, extra = (each[..., :count] for each in self._blended)
        _crossfade(old.stems, new.stems, down, stems)
        _crossfade(old.dry, new.dry, down, dry)
        _crossfade(old.base, new.base, down, base)
        _crossfade(_extra(old), _extra(new), down, extra)
        return Block(stems, dry, base, extra)


def _crossfade(old: Audio, new: Audio, down: Audio, out: Audio) -> None:
    """Where `down` is 0 the new one, bit by bit."""
    np.subtract(old, new, out=out)
    out *= down
    out += new


def _extra(block: Block) -> Audio:
    return np.zeros_like(block.dry) if block.extra is None else block.extra
