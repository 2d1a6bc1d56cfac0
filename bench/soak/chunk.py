"""A stretch of what was heard, and where in it something may be different from the stems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.soak.model import HELD, HOLD, INSTANT, Array, Factors, Targets

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
    instant_delay: int = 0  # 0: there is no instant path


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
    known: bool  # the instant path says that it knows what it hears
    toned: bool  # equalizers or filters may be heard

    @property
    def here(self) -> slice:
        return slice(self.start, self.start + self.count)

    def parts(self, longest: int) -> list[range]:
        return parts_of(self.start, self.count, longest)


def parts_of(start: int, count: int, longest: int) -> list[range]:
    """What is played at once: all of it, or even parts where that is too long."""
    number = -(-count // longest)
    edges = [start + count * part // number for part in range(number + 1)]
    return [range(*edge) for edge in pairwise(edges)]


@dataclass(kw_only=True)
class Chunk:
    """`late` and `soon` are the input as both paths delay it, of which `full` says how much of the
    full path is heard; `mix` and `stems` are what was heard, (channels, n) and (stems, channels,
    n). Masks and margins are (n,)."""

    facts: Facts
    blocks: list[Block]
    late: Array
    soon: Array
    full: Array
    mix: Array
    stems: Array
    factors: Factors
    moving: bool
    loudest: float
    policy_before: int
    where: Callable[[int], str]

    def __post_init__(self) -> None:
        self.count = self.late.shape[1]
        self.early = self.full < 1
        self.x = self._heard_input()
        self.policies = {block.policy for block in self.blocks} | {self.policy_before}
        self.concealed = np.zeros(self.count, np.bool_)
        self.mirrored = np.zeros(self.count, np.bool_)
        self.toned = np.zeros(self.count, np.bool_)
        for block in self.blocks:
            self.toned[block.here] = block.toned
            if block.concealed:
                self._mark(block)
        self.uncertain = self.concealed | self.early | self.toned
        candidates = [self.factors.stems, *([self.factors.even] if self.early.any() else ())]
        if self.concealed.any():
            for policy in sorted(self.policies):
                candidates += self.factors.substitutes[policy]
        self.low, self.high = np.minimum.reduce(candidates), np.maximum.reduce(candidates)
        self.error = self.mix - self.factors.heard(self.factors.stems) * self.x
        self.off = np.abs(self.error).max(0)
        self.tolerance = (EXACT if self.facts.exact else CONVERTED) * self.loudest
        if self.moving:
            self.tolerance += RAMPING * self.loudest

    def _heard_input(self) -> Array:
        """Also says where it fades, and sets `level`, above which nothing of it is."""
        if not self.early.any():
            self.level = np.abs(self.late).max(0)
            self.fading = self.early
            return self.late
        self.fading = self.early & (self.full > 0)
        self.level = (np.abs(self.late) * self.full + np.abs(self.soon) * (1 - self.full)).max(0)
        heard = (self.late - self.soon) * self.full + self.soon
        return np.where(self.early, heard, self.late)

    @property
    def held(self) -> bool:
        return bool({HOLD, INSTANT} & self.policies)

    @property
    def blur(self) -> float:
        """How exactly a substitute or an early stem is known, of the loudest sample."""
        return HELD if self.held or self.early.any() else 0.0

    def between(self) -> tuple[Array, Array]:
        """The least and the most that may be heard, (channels, n) each."""
        factors = [self.factors.heard(factor) for factor in (self.low, self.high)]
        if not self.early.any():
            ends = [factor * self.x for factor in factors]
            return np.minimum(*ends), np.maximum(*ends)
        late = [factor * self.late * self.full for factor in factors]
        soon = [factor * self.soon * (1 - self.full) for factor in factors]
        return (
            np.minimum(*late) + np.minimum(*soon),
            np.maximum(*late) + np.maximum(*soon),
        )

    def _mark(self, block: Block) -> None:
        self.concealed[block.here] = True
        for part in block.parts(self.facts.longest):
            self.mirrored[part.start : part.start + min(len(part), MIRROR)] = True
