"""A stretch of what was heard, and where in it something may be different from the stems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.soak.model import HOLD, Array, Factors, Targets

MIRROR = 64  # after the last stems, the newest samples may be heard once more
EXACT = 4e-6  # of the loudest sample nearby; float32, and up to eight products that are summed
CONVERTED = 1e-3  # where a rate converter is in between
RAMPING = 3e-5  # while a gain moves, which snaps to its target a little earlier or later


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the checker is told of a session. Lengths in samples of its rate."""

    rate: int
    channels: int
    shares: Array
    delay: int
    lookahead: int
    longest: int
    exact: bool  # the device has the model's rate


@dataclass(frozen=True, kw_only=True)
class Block:
    """A call of the device, and what was counted in it."""

    start: int  # within the chunk
    count: int
    targets: Targets
    fresh: bool  # the first of a process
    concealed: int
    policy: int
    limiter: bool
    limited: int
    trouble: bool

    @property
    def here(self) -> slice:
        return slice(self.start, self.start + self.count)

    def parts(self, longest: int) -> list[range]:
        """What is played at once: all of it, or even parts where that is too long."""
        count = -(-self.count // longest)
        edges = [self.start + self.count * number // count for number in range(count + 1)]
        return [range(*edge) for edge in pairwise(edges)]


@dataclass(kw_only=True)
class Chunk:
    """`x` is the delayed input, `mix` and `stems` what was heard, (channels, n) and
    (stems, channels, n). Masks and margins are (n,)."""

    facts: Facts
    blocks: list[Block]
    x: Array
    mix: Array
    stems: Array
    factors: Factors
    moving: bool
    loudest: float
    policy_before: int
    where: Callable[[int], str]

    def __post_init__(self) -> None:
        self.count = self.x.shape[1]
        self.level = np.abs(self.x).max(0)
        self.policies = {block.policy for block in self.blocks} | {self.policy_before}
        self.concealed = np.zeros(self.count, np.bool_)
        self.mirrored = np.zeros(self.count, np.bool_)
        for block in self.blocks:
            if block.concealed:
                self._mark(block)
        others = [self.factors.substitutes[policy] for policy in self.policies]
        candidates = [self.factors.stems, *(others if self.concealed.any() else ())]
        self.low, self.high = np.minimum.reduce(candidates), np.maximum.reduce(candidates)
        self.error = self.mix - self.factors.heard(self.factors.stems) * self.x
        self.off = np.abs(self.error).max(0)
        self.tolerance = (EXACT if self.facts.exact else CONVERTED) * self.loudest
        if self.moving:
            self.tolerance += RAMPING * self.loudest

    @property
    def holds(self) -> bool:
        return HOLD in self.policies

    def _mark(self, block: Block) -> None:
        self.concealed[block.here] = True
        for part in block.parts(self.facts.longest):
            self.mirrored[part.start : part.start + min(len(part), MIRROR)] = True
