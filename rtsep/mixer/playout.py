"""Which audio is heard at which moment: the stems where they came in time, a substitute where not.

Runs in the audio callback. Knows nothing of faders, and of the engine only what it has written.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from rtsep.mixer.conceal import HoldFilter, Ratios
from rtsep.mixer.control import Control
from rtsep.mixer.faders import Block
from rtsep.ring.ring import Audio, Ring

FADE = 64  # samples of a crossfade; as long as the block where that is shorter


class Source(IntEnum):
    """What is heard. The substitutes are in the order of `POLICIES`."""

    HOLD = 0
    DRY = 1
    SILENCE = 2
    INSTANT = 3
    STEMS = 4


class Playout:
    """Stems and delayed input of one position after the other.

    Stems that end too early, have a gap or are not finite are replaced as the policy says, with
    crossfades and without a click. Before position 0 there is silence, which lacks nothing.
    """

    def __init__(
        self,
        stems: Ring,
        dry: Ring,
        ratios: Ratios,
        control: Control,
        longest: int,
        instant: Ring | None = None,
    ) -> None:
        """`dry` is the input, with the same positions as `stems`; blocks have at most `longest`.
        `instant` has stems of lower quality that are there earlier; without them, or where they are
        missing too, the policy "instant" is "hold"."""
        channels = dry.channels
        count = stems.channels // channels
        self.concealed = 0  # samples in which a substitute is heard, crossfades included
        self.gaps = 0  # times that stems were missing
        self._stems_ring, self._dry_ring, self._instant_ring = stems, dry, instant
        self._ratios, self._control = ratios, control
        self._source = Source.STEMS
        self._filter = HoldFilter(count, channels, longest)
        self._tail: Audio = np.zeros((count, channels, FADE), np.float32)
        self._stems: Audio = np.zeros((count, channels, longest), np.float32)
        self._finite = np.zeros((count, channels, longest), np.bool_)
        self._held: Audio = np.zeros((count, channels, longest), np.float32)
        self._instant: Audio = np.zeros((count, channels, longest), np.float32)
        self._dry: Audio = np.zeros((channels, longest), np.float32)
        self._base: Audio = np.zeros((channels, longest), np.float32)
        self._extra: Audio = np.zeros((channels, longest), np.float32)
        self._weights: Audio = np.zeros((len(Source), longest), np.float32)

    def begin(self) -> None:
        """Go on anywhere, as if stems had been heard before, all of them silent."""
        self._source = Source.STEMS
        self._tail[...] = 0

    def pull(self, position: int, count: int) -> Block:
        """`count` samples that follow the last ones, from `position`; valid until the next call."""
        stems, dry = self._stems[..., :count], self._dry[:, :count]
        self._dry_ring.read_into(position, dry)
        start, stop = self._read(position, stems)
        if count == 0 or (self._source is Source.STEMS and stop - start == count):
            block = Block.whole(stems, dry)
        else:
            self._follow(position, start, stop, count)
            block = self._blend(position, stems, dry)
        self._remember(stems)
        return block

    def _read(self, position: int, stems: Audio) -> tuple[int, int]:
        """Fill in the stems, and say which part of them there is."""
        count = stems.shape[-1]
        start, stop = self._read_finite(self._stems_ring, position, self._stems, count)
        if position < 0:
            silent = min(-position, count)
            start, stop = 0, (stop if start <= silent else silent)
        return start, stop

    def _read_finite(self, ring: Ring, position: int, into: Audio, count: int) -> tuple[int, int]:
        """The part of the first `count` samples that was there; none of it if some is broken."""
        start, stop = ring.read_into(position, into.reshape(ring.channels, -1)[:, :count])
        finite = self._finite[..., :count]
        np.isfinite(into[..., :count], out=finite)
        if not finite.all():
            into[..., :count] = 0
            return 0, 0
        return start, stop

    def _substitute(self, position: int, count: int) -> Source:
        """What the policy asks for, of what there is."""
        wanted = Source(int(self._control.policy[0]))
        if wanted is not Source.INSTANT:
            return wanted
        first, head = self._instant_ring.readable() if self._instant_ring else (0, 0)
        return Source.INSTANT if first <= position <= head - count else Source.HOLD

    def _follow(self, position: int, start: int, stop: int, count: int) -> None:
        """Say for each sample of the block how much of which source is heard.

        Stems come back only where they last to the end of the block and for a whole fade.
        """
        weights, fade = self._weights[:, :count], min(FADE, count)
        weights[...] = 0
        weights[self._source] = 1
        substitute = self._substitute(position, count)
        returns = stop == count and count - start >= fade
        if self._source is Source.STEMS:
            end = stop if start == 0 else 0
            returns = returns and start >= fade
            self.gaps += 1
            self._filter.begin(position, self._ratios.latest())
            self._extend(end, fade)
            self._move(weights, max(end - fade, 0), substitute)
        elif self._source is not substitute and not (returns and start < fade):
            self._move(weights, 0, substitute)
        if returns:
            self._move(weights, start, Source.STEMS)
        self.concealed += int(np.count_nonzero(weights[Source.STEMS] < 1))

    def _extend(self, end: int, fade: int) -> None:
        """The stems end there; play the newest samples backwards until a fade can be over."""
        turned = max(min(end, fade - end), 0)
        self._stems[..., end : end + turned] = self._stems[..., end - turned : end][..., ::-1]
        older = max(fade - end - turned, 0)
        self._stems[..., end + turned : end + turned + older] = self._tail[..., ::-1][..., :older]

    def _move(self, weights: Audio, at: int, to: Source) -> None:
        """Crossfade to another source."""
        end = min(at + FADE, weights.shape[1])
        up = np.arange(1, end - at + 1, dtype=np.float32) / (end - at + 1)
        weights[self._source, at:end] = 1 - up
        weights[self._source, end:] = 0
        weights[to, at:end] = up
        weights[to, end:] = 1
        self._source = to

    def _blend(self, position: int, stems: Audio, dry: Audio) -> Block:
        """The sources as `_follow` weighed them."""
        count = dry.shape[1]
        hold, only_dry, _, instant, present = self._weights[:, :count]
        stems *= present
        if hold.any():
            held = self._held[..., :count]
            self._filter.apply(self._dry_ring, position, held)
            held *= hold
            stems += held
        if instant.any() and self._instant_ring:
            self._read_finite(self._instant_ring, position, self._instant, count)
            early = self._instant[..., :count]
            early *= instant
            stems += early
        base, extra = self._base[:, :count], self._extra[:, :count]
        np.multiply(dry, present + hold + instant, out=base)
        np.multiply(dry, only_dry, out=extra)
        return Block(stems, dry, base, extra)

    def _remember(self, stems: Audio) -> None:
        """Keep the newest samples that were played."""
        count = min(stems.shape[-1], FADE)
        self._tail[..., : FADE - count] = self._tail[..., count:]
        self._tail[..., FADE - count :] = stems[..., stems.shape[-1] - count :]
