"""Compares what a session plays with the model, and what it counts with counts of our own.

Blocks are collected and compared half a second at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.soak import heard
from bench.soak.around import EARLY_RINGING, LimiterWatch, Ringing
from bench.soak.chunk import Block, Chunk, Facts, parts_of
from bench.soak.model import HOLD, Array, Factors, GainModel, Targets, clean
from bench.soak.paths import FULL, Paths
from bench.soak.report import Digest, Report
from bench.soak.tone import ToneWatch

CHUNK_SECONDS = 0.5
MOST = 1 << 13  # samples in a block
QUIET = 1e-4  # below it the measured shares are of nothing
QUIET_SAMPLES = 1024  # so much of it, half quiet, is a stretch without music
SHARES_FROM = 4096  # samples that shares are measured on
COUNTED = ("steps", "misses", "skipped", "gaps", "limited", "sanitized", "starved")


class Checker:
    """Of one session. Raises `Violation`."""

    def __init__(self, facts: Facts, report: Report, digest: Digest, tag: str) -> None:
        self.facts, self.report, self._digest, self._tag = facts, report, digest, tag
        self._room = int(CHUNK_SECONDS * facts.rate)
        self._input = np.zeros((facts.channels, facts.delay + self._room + MOST), np.float32)
        stems = len(facts.shares)
        self._out = np.zeros(((stems + 1) * facts.channels, self._room + MOST), np.float32)
        self._gains, self._limiter = GainModel(facts.rate), LimiterWatch(facts, report)
        self._ringing, self._steps = Ringing(facts, facts.delay), heard.Steps(facts.channels)
        self._tone, self._toned = ToneWatch(facts.rate), False
        self._early_ringing = Ringing(facts, facts.instant_delay, EARLY_RINGING)
        self._full = np.ones(self._room + MOST, np.float32)  # how much of the full path is heard
        self._paths, self._wanted = Paths((facts.delay, facts.instant_delay)), FULL
        self._blocks: list[Block] = []
        self._filled = 0
        self._first = 0  # the chunk's first frame
        self._fresh = False
        self._targets: tuple[bytes, Targets] | None = None
        self._policy = HOLD
        self._shares_known_from = 0  # frame, from when on shares are measured on music
        self._concealed = self._limited = 0  # what the session has counted so far
        self._heads = (0, 0, 0, 0, 0)
        self._run = 0  # frames, so far, of the concealment that goes on
        self.sanitized = self.callbacks = self.gaps = 0
        self.take: list[tuple[Array, Array]] | None = None  # if set, what is heard is kept

    def new_process(self) -> None:
        self._fresh = True
        self._paths.restart()

    def before(self, studio: Any) -> None:
        """What the next block will be played with."""
        control = studio.shared.control
        self._wanted = int(control.path[0])
        self._toned = self._tone.block(control, studio.frames, MOST)
        fields = (control.gain, control.mute, control.solo, control.master, control.bypass)
        raw = b"".join(field.tobytes() for field in fields)
        if self._targets is None or self._targets[0] != raw:
            self._targets = (raw, Targets.read(control))

    def block(self, studio: Any, given: Array, out: Array) -> None:
        """A block that was played."""
        count, start = out.shape[1], self._filled
        known, broken = clean(given)
        self.sanitized += broken
        self._input[:, self.facts.delay + start : self.facts.delay + start + count] = known
        self._out[:, start : start + count] = out
        control, counters = studio.shared.control, studio.shared.counters
        concealed, limited = int(counters.concealed[0]), int(counters.limited[0])
        assert self._targets is not None
        parts = parts_of(0, count, self.facts.longest)
        self._full[start : start + count], paths = self._paths.play(parts, self._wanted)
        block = Block(
            start=start, count=count, targets=self._targets[1], fresh=self._fresh,
            concealed=concealed - self._concealed, policy=int(control.policy[0]),
            limiter=bool(control.limiter[0]), limited=limited - self._limited,
            trouble=any(map(studio.in_trouble, paths)), known=studio.knows_the_song,
            toned=self._toned,
        )  # fmt: skip
        self._blocks.append(block)
        self._concealed, self._limited, self._fresh = concealed, limited, False
        self._filled += count
        self.callbacks += 1
        self._sequence(studio)
        if self._filled >= self._room:
            self.flush()

    def finish(self, studio: Any) -> None:
        """The end of a session."""
        self.flush()
        self._totals(studio)

    def where(self, at: int = 0) -> str:
        frame = self._first + at
        return f"{self._tag}, {frame / self.facts.rate:.4f} s into it (frame {frame})"

    def flush(self) -> None:
        """Compare what has been collected."""
        if not self._filled:
            return
        chunk, report = self._chunk(), self.report
        heard.finite(report, chunk)
        ringing = self._margin(chunk)
        limited = self._limiter.mask(chunk, self._first)
        margin = 0.0 if self.facts.exact else ringing
        heard.in_time(report, chunk, limited, margin)
        heard.stems_in_time(report, chunk, margin)
        heard.early(report, chunk, limited, ringing)
        self._account(chunk, limited, chunk.tolerance + margin)
        unknown = self._first < self._shares_known_from
        if chunk.concealed.any():
            heard.within_bounds(report, chunk, limited, ringing, unknown)
        self._tone.check(report, chunk)
        self._steps.check(report, chunk, limited, ringing, unknown)
        heard.full_scale(report, chunk)
        heard.muted(report, chunk)
        self._digest.update(np.ascontiguousarray(self._out[:, : self._filled]).data)
        self._forget(chunk)

    def _chunk(self) -> Chunk:
        facts, count = self.facts, self._filled
        soon = facts.delay - facts.instant_delay
        lanes, moving = self._lanes()
        return Chunk(
            facts=facts, blocks=self._blocks, late=self._input[:, :count],
            soon=self._input[:, soon : soon + count], full=self._full[:count],
            mix=self._out[: facts.channels, :count],
            stems=self._out[facts.channels :, :count].reshape(-1, facts.channels, count),
            factors=Factors(lanes, facts.shares), moving=moving,
            loudest=max(1.0, float(np.abs(self._input[:, : facts.delay + count]).max())),
            policy_before=self._policy, where=self.where,
        )  # fmt: skip

    def _margin(self, chunk: Chunk) -> Array:
        """By how much what is filtered may be off, on the paths that are heard."""
        known = self._input[:, : chunk.count + self.facts.delay]
        late = self._ringing.margin(known, chunk.count, self._first)
        if not self.facts.instant_delay:
            return late
        soon = self.facts.delay - self.facts.instant_delay
        early = self._early_ringing.margin(known[:, soon:], chunk.count, self._first)
        return np.maximum(np.where(chunk.full > 0, late, 0), np.where(chunk.early, early, 0))

    def _lanes(self) -> tuple[Array, bool]:
        """The gains of the chunk, and whether any of them moves."""
        curves, blocks, start = [], self._blocks, 0
        while start < len(blocks):
            stop = start + 1
            while (
                stop < len(blocks)
                and not blocks[stop].fresh
                and blocks[stop].targets is blocks[start].targets
            ):
                stop += 1
            if blocks[start].fresh:
                self._gains.restart()
            count = sum(block.count for block in blocks[start:stop])
            curves.append((self._gains.curve(blocks[start].targets.lanes(), count), count))
            start = stop
        if len(curves) == 1:
            return curves[0][0], curves[0][0].shape[1] > 1
        joined = [np.broadcast_to(curve, (curve.shape[0], count)) for curve, count in curves]
        return np.concatenate(joined, 1), True

    def _account(self, chunk: Chunk, limited: Array, margin: Array | float) -> None:
        """No block has more wrong samples than it counted, and none is wrong without a cause."""
        wrong = (chunk.off > margin) & ~(limited | chunk.early | chunk.toned)
        for block in chunk.blocks:
            if not block.concealed:
                self.report.passed("nothing is concealed without a cause")
                self._run = 0
                continue
            found = int(np.count_nonzero(wrong[block.here]))
            where = lambda at=block.start: self.where(at)  # noqa: E731
            self.report.check("every concealed sample is counted", found, block.concealed, where)
            self.report.hold("nothing is concealed without a cause", block.trouble, where)
            self.gaps += self._run == 0
            self._run += block.count
            self.report.counts["concealed samples"] += block.concealed
            seconds = self._run / self.facts.rate
            self.report.longest_concealed = max(self.report.longest_concealed, seconds)

    def _sequence(self, studio: Any) -> None:
        """Positions only go on, by as much as was played, and no stem comes from the future."""
        shared, frames = studio.shared, studio.frames
        instant = shared.instant.head if shared.instant else 0
        heads = (shared.input.head, shared.stems.head, shared.stems.since, shared.tape.head,
                 instant)  # fmt: skip
        right = (
            all(new >= old for new, old in zip(heads, self._heads, strict=True))
            and heads[0] == frames
            and heads[1] <= max(frames - self.facts.lookahead, 0)
            and heads[2] <= heads[1]
            and heads[3] == self._paths.taped
            and instant <= frames
        )
        if right:
            self.report.passed("positions in order")
        else:
            told = f"{heads} at {frames} after {self._heads}"
            self.report.hold("positions in order", False, lambda: f"{told}; {self.where()}")
        self._heads = heads

    def _forget(self, chunk: Chunk) -> None:
        """Go on to the next chunk, and note since when shares can be measured."""
        facts, count = self.facts, chunk.count
        if self.take is not None:
            self.take.append((chunk.x.copy(), chunk.mix.copy()))
        loud = np.abs(self._input[:, facts.delay : facts.delay + count]).max(0) > QUIET
        whole = count // QUIET_SAMPLES * QUIET_SAMPLES
        if (loud[:whole].reshape(-1, QUIET_SAMPLES).mean(1) < 0.5).any() or not loud[whole:].any():
            lasts = facts.delay + 4 * SHARES_FROM + facts.rate // 2
            self._shares_known_from = self._first + count + lasts
        self._input[:, : facts.delay] = self._input[:, count : count + facts.delay].copy()
        self._policy = self._blocks[-1].policy
        self._blocks = []
        self._first += count
        self._filled = 0

    def _totals(self, studio: Any) -> None:
        """At the end, what the session counted is what we did."""
        counters, report = studio.shared.counters, self.report
        starved = getattr(studio.input, "starved", 0)
        for name, ours in (("callbacks", self.callbacks), ("sanitized", self.sanitized),
                           ("starved", starved)):  # fmt: skip
            theirs = int(getattr(counters, name)[0])
            told = f"{theirs}, ours {ours}; {self.where()}"
            report.hold(f"counted: {name}", theirs == ours, lambda told=told: told)
        report.hold("counted: gaps", int(counters.gaps[0]) >= self.gaps, self.where)
        hops = int(counters.steps[0]) + int(counters.skipped[0])
        report.hold("counted: misses", int(counters.misses[0]) <= hops, self.where)
        for name in COUNTED:
            value = int(getattr(counters, name)[0])
            report.counts[name] += value
            self._digest.update(f"{name}={value};".encode())
        report.counts["frames"] += studio.frames
        report.counts["blocks"] += self.callbacks
