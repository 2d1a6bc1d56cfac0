"""Compares what a session plays with the model, and what it counts with counts of our own.

Blocks are collected and compared half a second at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.soak.model import DRY, HOLD, Array, Factors, GainModel, Targets, clean
from bench.soak.report import Digest, Report

FADE = 64  # samples that a crossfade takes, or a block if that is shorter
MIRROR = 64  # after the last stems, the newest samples may be heard once more
LIMITER_TAIL_SECONDS = 0.3  # hold, and release from silence
CHUNK_SECONDS = 0.5
EXACT = 4e-6  # of the loudest sample nearby; float32, and up to eight products that are summed
CONVERTED = 1e-3  # where a rate converter is in between
JUMP = 0.02  # a second difference that the music does not have, at any rate
RINGING = 1100  # samples of the session, that a substitute may ring around a jump
CONVERTER_RINGING = 2048  # samples of the model
RAMPING = 3e-5  # while a gain moves, which snaps to its target a little earlier or later
HELD = 6e-3  # a substitute is filtered by measured shares
QUIET = 1e-4  # below it the measured shares are of nothing
SHARES_FROM = 4096  # samples that shares are measured on


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


@dataclass(frozen=True)
class _Block:
    start: int  # within the chunk
    count: int
    targets: Targets
    fresh: bool  # the first of a process
    concealed: int
    policy: int
    limiter: bool
    limited: int
    trouble: bool


class Checker:
    """Of one session. Raises `Violation`."""

    def __init__(self, facts: Facts, report: Report, digest: Digest, tag: str) -> None:
        self.facts, self.report, self._digest, self._tag = facts, report, digest, tag
        self._room = int(CHUNK_SECONDS * facts.rate) + (1 << 13)
        self._input = np.zeros((facts.channels, facts.delay + self._room), np.float32)
        self._out = np.zeros(((len(facts.shares) + 1) * facts.channels, self._room), np.float32)
        self._gains = GainModel(facts.rate)
        self._blocks: list[_Block] = []
        self._filled = 0
        self._first = 0  # the chunk's first frame
        self._fresh = False
        self._targets: tuple[bytes, Targets] | None = None
        self._free_at = 0  # frame from which on the limiter must have let go
        self._last_error = np.zeros((facts.channels, 1))
        self._last_out = np.zeros((facts.channels, 1))
        self._last_policy = HOLD
        self._shares_known_from = 0  # frame, from when on shares are measured on music
        self._rough_until, self._roughest = 0, 0.0
        self._run = 0  # frames, so far, of the concealment that goes on
        self._old: dict[str, int] = {}
        self._heads = (0, 0, 0, 0)
        self.sanitized = self.concealed_total = self.callbacks = self.gap_runs = 0
        self.concealing = False
        self.take: list[tuple[Array, Array]] | None = None  # if set, what is heard is kept

    def new_process(self) -> None:
        self._fresh = True

    def before(self, studio: Any) -> None:
        """What the next block will be played with."""
        control = studio.shared.control
        raw = b"".join(
            (control.gain.tobytes(), control.mute.tobytes(), control.solo.tobytes(),
             control.master.tobytes(), control.bypass.tobytes())
        )  # fmt: skip
        if self._targets is None or self._targets[0] != raw:
            self._targets = (raw, Targets.read(control))

    def block(self, studio: Any, given: Array, out: Array) -> None:
        """A block that was played."""
        count = out.shape[1]
        known, broken = clean(given)
        self.sanitized += broken
        here = self._filled
        self._input[:, self.facts.delay + here : self.facts.delay + here + count] = known
        self._out[:, here : here + count] = out
        control, counters = studio.shared.control, studio.shared.counters
        concealed, limited = int(counters.concealed[0]), int(counters.limited[0])
        assert self._targets is not None
        self._blocks.append(
            _Block(here, count, self._targets[1], self._fresh,
                   concealed - self._old.get("concealed", 0), int(control.policy[0]),
                   bool(control.limiter[0]), limited - self._old.get("limited", 0),
                   studio.in_trouble)
        )  # fmt: skip
        self._old["concealed"], self._old["limited"] = concealed, limited
        self._fresh = False
        self._filled += count
        self.callbacks += 1
        self._sequence(studio)
        if self._filled >= self._room - (1 << 13):
            self.flush(studio)

    def finish(self, studio: Any) -> None:
        """The end of a session."""
        if self._filled:
            self.flush(studio)
        self._totals(studio)

    def where(self, at: int = 0) -> str:
        frame = self._first + at
        return f"{self._tag}, {frame / self.facts.rate:.4f} s into the session (frame {frame})"

    def flush(self, studio: Any) -> None:
        """Compare what has been collected."""
        count = self._filled
        x = self._input[:, :count]
        lanes, moving = self._lanes()
        factors = Factors(lanes, self.facts.shares)
        mix = self._out[: self.facts.channels, :count]
        self.report.check(
            "every sample is a number", float(np.count_nonzero(~np.isfinite(self._out[:, :count]))),
            0, self.where, self._out[:, :count].size,
        )  # fmt: skip
        self._compare(x, factors, mix, moving)
        self._muted(factors, count)
        self._digest.update(np.ascontiguousarray(self._out[:, :count]).data)
        self._forget(count)

    def _lanes(self) -> tuple[Array, bool]:
        """The gains of the chunk, and whether any of them moves."""
        curves = []
        start = 0
        blocks = self._blocks
        while start < len(blocks):
            stop = start + 1
            while stop < len(blocks) and not blocks[stop].fresh and (
                blocks[stop].targets is blocks[start].targets
            ):  # fmt: skip
                stop += 1
            if blocks[start].fresh:
                self._gains.restart()
            count = sum(block.count for block in blocks[start:stop])
            curves.append((self._gains.curve(blocks[start].targets.lanes(), count), count))
            start = stop
        if len(curves) == 1:
            return curves[0][0], curves[0][0].shape[1] > 1
        joined = [np.broadcast_to(curve, (curve.shape[0], n)) for curve, n in curves]
        return np.concatenate(joined, 1), True

    def _compare(self, x: Array, factors: Factors, mix: Array, moving: bool) -> None:
        """The mix with what it ought to be: exactly, or between the bounds of a concealment."""
        facts, count = self.facts, self._filled
        loudest = max(1.0, float(np.abs(self._input[:, : facts.delay + count]).max()))
        tolerance = (EXACT if facts.exact else CONVERTED) * loudest + (RAMPING * loudest if moving else 0)  # noqa: E501
        concealed = self._concealed_mask(count)
        policies = {block.policy for block in self._blocks} | {self._last_policy}
        others = [factors.substitutes[policy] for policy in policies] if concealed.any() else []
        low = np.minimum.reduce([factors.stems, *others])
        high = np.maximum.reduce([factors.stems, *others])
        limited = self._limited_mask(x, factors, low, high, concealed, count)
        error = mix - factors.heard(factors.stems) * x
        exact = ~(concealed | limited)
        rough = self._rough(count)
        margin = tolerance + (0.0 if facts.exact else rough)
        self._exact(error, exact, margin)
        self._account(error, concealed, limited, margin)
        if concealed.any():
            slack = tolerance + (HELD * loudest if HOLD in policies else 0.0)
            self._hull(x, factors, mix, low, high, concealed & ~limited, slack + rough, policies)
        self._full_scale(mix, factors, limited)
        self._steps(x, factors, error, concealed, limited, tolerance + 2 * rough, high - low)

    def _rough(self, count: int) -> Array:
        """What a filter may ring around a jump of the input, by as much as that at most: those of
        rate converters, and those that hold the balance."""
        facts = self.facts
        near = RINGING if facts.exact else CONVERTER_RINGING * facts.rate // 44_100
        rough = np.zeros(count)
        rough[: max(self._rough_until - self._first, 0)] = self._roughest
        ahead = self._input[:, : count + min(facts.delay, near)]
        jumps = np.abs(np.diff(ahead, 2, axis=1)).max(0)
        where = np.flatnonzero(jumps > JUMP)
        if where.size:
            self._roughest = float(jumps.max())
            self._rough_until = self._first + int(where[-1]) + near
            for at in where.tolist():
                rough[max(at - near, 0) : at + near] = self._roughest
        return rough

    def _exact(self, error: Array, exact: Array, margin: Array | float) -> None:
        off = np.abs(error).max(0) * exact
        worst = int(np.argmax(off - margin))
        tolerance = float(np.broadcast_to(margin, off.shape)[worst])
        self.report.check(
            "in time and in place", float(off[worst]), tolerance, lambda: self.where(worst),
            int(np.count_nonzero(exact)),
        )  # fmt: skip

    def _concealed_mask(self, count: int) -> Array:
        mask = np.zeros(count, np.bool_)
        for block in self._blocks:
            if block.concealed:
                mask[block.start : block.start + block.count] = True
        return mask

    def _account(self, error: Array, concealed: Array, limited: Array, margin: Array | float) -> None:  # noqa: E501
        """No block has more wrong samples than it says; and none is wrong without a cause."""
        wrong = (np.abs(error).max(0) > margin) & ~limited
        for block in self._blocks:
            here = slice(block.start, block.start + block.count)

            def where(at: int = block.start) -> str:
                return self.where(at)

            if block.concealed:
                self.report.check("every concealed sample is counted",
                                  float(np.count_nonzero(wrong[here])), float(block.concealed),
                                  where)  # fmt: skip
                self.report.hold("nothing is concealed without a cause", block.trouble, where)
                self.gap_runs += not self.concealing
                self._run += block.count
                self.report.counts["concealed samples"] += block.concealed
            else:
                self.report.passed("nothing is concealed without a cause")
                self._run = 0
            self.concealing = block.concealed > 0
            self.report.longest_concealed = max(
                self.report.longest_concealed, self._run / self.facts.rate
            )
            self.concealed_total += block.concealed

    def _limited_mask(
        self, x: Array, factors: Factors, low: Array, high: Array, concealed: Array, count: int
    ) -> Array:
        """Where the limiter may be at work; and whether it counts what it must."""
        top = np.maximum(np.abs(low), np.abs(high)) * factors.master
        level = np.abs(x).max(0)
        peaks = level * top * (1 + 1e-5) + (HELD * level if concealed.any() else 0)
        surely = level * np.abs(factors.stems) * factors.master
        if not self.facts.exact:
            peaks, surely = peaks + CONVERTED, surely - CONVERTED
        mask = np.zeros(count, np.bool_)
        mask[: max(self._free_at - self._first, 0)] = True
        if float(peaks.max()) <= 1 and not any(block.limited for block in self._blocks):
            return mask
        tail = int(LIMITER_TAIL_SECONDS * self.facts.rate) + 2 * self.facts.longest
        for block in self._blocks:
            here = slice(block.start, block.start + block.count)
            may = int(np.count_nonzero(peaks[here] > 1)) if block.limiter else 0
            loose = concealed[here].any()  # the newest samples once more: as loud, elsewhere
            must = 0 if loose or not block.limiter else int((surely[here] > 1 + 3e-5).sum())
            holds = must <= block.limited <= (block.count if loose else may)
            self.report.hold("the limiter counts what it limits", holds,
                             lambda at=block.start: self.where(at))  # fmt: skip
            if block.limiter and (may or block.limited):
                mask[block.start : block.start + block.count + tail] = True
                self._free_at = self._first + block.start + block.count + tail
        return mask

    def _hull(self, x: Array, factors: Factors, mix: Array, low: Array, high: Array,
              where_: Array, slack: Array, policies: set[int]) -> None:  # fmt: skip
        """While something is concealed, the output lies between the stems and the substitute."""
        strict = where_.copy()
        loose = np.zeros_like(where_)
        for block in self._blocks:
            if not block.concealed:
                continue
            for start in range(block.start, block.start + block.count, self.facts.longest):
                loose[start : min(start + MIRROR, block.start + block.count)] = True
            if HOLD in policies and self._first + block.start < self._shares_known_from:
                loose[block.start : block.start + block.count] = True
        strict &= ~loose
        one, other = factors.heard(low) * x, factors.heard(high) * x
        beyond = np.maximum(np.minimum(one, other) - mix, mix - np.maximum(one, other))
        off = beyond.max(0) * strict
        worst = int(np.argmax(off - slack))
        self.report.check("between the stems and their substitute", float(off[worst]),
                          float(slack[worst]),
                          lambda: self.where(worst), int(np.count_nonzero(strict)))  # fmt: skip
        loudest = float(np.abs(x).max()) * max(float(factors.loudest.max()), 1.0)
        loudest *= max(float(factors.master.max()), 1.0)
        off = np.abs(mix).max(0) * (loose & where_)
        worst = int(np.argmax(off - slack))
        self.report.check("no louder than what it is made of", float(off[worst]),
                          1.5 * loudest + float(slack[worst]), lambda: self.where(worst),
                          int(np.count_nonzero(loose)))  # fmt: skip

    def _full_scale(self, mix: Array, factors: Factors, limited: Array) -> None:
        """Limited means within full scale; A/B is the input itself and is not limited."""
        on = np.zeros_like(limited)
        for block in self._blocks:
            on[block.start : block.start + block.count] = block.limiter
        dry = np.broadcast_to(factors.bypass != 0, on.shape)
        off = np.abs(mix).max(0) * (on & ~dry)
        worst = int(np.argmax(off))
        self.report.check("within full scale", float(off[worst]), 1.0, lambda: self.where(worst),
                          int(np.count_nonzero(on & ~dry)))  # fmt: skip

    def _steps(self, x: Array, factors: Factors, error: Array, concealed: Array, limited: Array,
               margin: Array, between: Array) -> None:  # fmt: skip
        """Between two samples, what is wrong changes by no more than a crossfade lets it."""
        step = np.abs(np.diff(error, axis=1, prepend=self._last_error)).max(0)
        slope = float(np.abs(np.diff(x, axis=1)).max(initial=0.0))
        peak = float(np.abs(x).max())
        scale = float(factors.master.max())
        shortest = min((block.count for block in self._blocks if block.concealed), default=FADE)
        fade = max(min(FADE, shortest), 1)
        apart = float(between.max())
        if self._first < self._shares_known_from:
            apart = max(apart, float(factors.loudest.max()))
        own = float(np.abs(factors.stems).max())
        allowed = scale * (apart * peak / fade + (apart + 6 * own) * slope) * 1.05
        allowed += 2 * HELD * max(peak, 1.0) / fade + HELD * slope
        free = ~limited & (concealed | np.concatenate(([self.concealing_before], concealed[:-1])))
        free &= ~np.concatenate(([self._limited_before], limited[:-1]))
        free[[block.start for block in self._blocks if block.fresh]] = False  # a device began
        off = step * free
        worst = int(np.argmax(off - margin))
        self.report.check("no step beyond the crossfade's", float(off[worst]),
                          allowed + 2 * float(margin[worst]),
                          lambda: self.where(worst), int(np.count_nonzero(free)))  # fmt: skip
        self._last_error = error[:, -1:].astype(np.float64)
        self._limited_before = bool(limited[-1])
        self.concealing_before = bool(concealed[-1])

    concealing_before = False
    _limited_before = False

    def _muted(self, factors: Factors, count: int) -> None:
        """A stem whose gain is 0 is not there at all; if all are, so is the mix."""
        channels = self.facts.channels
        gains = np.broadcast_to(factors.gains, (len(factors.gains), count))
        off = gains == 0
        if not off.any():
            return
        mix = self._out[:channels, :count]
        for stem in np.flatnonzero(off.any(1)):
            signal = self._out[(stem + 1) * channels : (stem + 2) * channels, :count]
            sounding = np.abs(signal).max(0) * off[stem]
            worst = int(np.argmax(sounding))
            self.report.check("muted stays muted", float(sounding[worst]), 0.0,
                              lambda at=worst: self.where(at), int(off[stem].sum()))  # fmt: skip
        silent = off.all(0) & np.broadcast_to(factors.bypass == 0, count)
        if DRY not in {block.policy for block in self._blocks} | {self._last_policy}:
            sounding = np.abs(mix).max(0) * silent
            worst = int(np.argmax(sounding))
            self.report.check("all muted is silence", float(sounding[worst]), 0.0,
                              lambda: self.where(worst), int(silent.sum()))  # fmt: skip

    def _sequence(self, studio: Any) -> None:
        """Positions only go on, by as much as was played, and no stem comes from the future."""
        shared, frames = studio.shared, studio.frames
        heads = (shared.input.head, shared.stems.head, shared.stems.since, shared.tape.head)
        ahead = all(new >= old for new, old in zip(heads, self._heads, strict=True))
        heard = frames - self.facts.delay
        right = (
            ahead
            and heads[0] == frames
            and heads[1] <= max(frames - self.facts.lookahead, 0)
            and heads[2] <= heads[1]
            and heads[3] == max(heard, 0)
        )
        if right:
            self.report.passed("positions in order")
        else:
            self.report.hold("positions in order", False,
                             lambda: f"{heads} after {self._heads} at {frames}; {self.where()}")  # fmt: skip
        self._heads = heads

    def _forget(self, count: int) -> None:
        """Go on to the next chunk, and note since when shares can be measured."""
        facts = self.facts
        if self.take is not None:
            self.take.append((self._input[:, :count].copy(),
                              self._out[: facts.channels, :count].copy()))  # fmt: skip
        newest = self._input[:, facts.delay : facts.delay + count]
        loud = np.abs(newest).max(0) > QUIET
        for start in range(0, count, 1024):  # a stretch without music
            if np.count_nonzero(loud[start : start + 1024]) < min(512, count - start) * 0.5:
                self._shares_known_from = (
                    self._first + count + facts.delay + 4 * SHARES_FROM + facts.rate // 2
                )
        self._input[:, : facts.delay] = self._input[:, count : count + facts.delay].copy()
        self._last_policy = self._blocks[-1].policy
        self._blocks.clear()
        self._first += count
        self._filled = 0

    def _totals(self, studio: Any) -> None:
        """At the end, what the session counted is what we did."""
        counters = studio.shared.counters
        for name, ours in (
            ("callbacks", self.callbacks),
            ("sanitized", self.sanitized),
            ("concealed", self.concealed_total),
            ("starved", getattr(studio.input, "starved", 0)),
        ):
            theirs = int(getattr(counters, name)[0])
            self.report.hold(f"counted: {name}", theirs == ours,
                             lambda n=name, t=theirs, o=ours: f"{n}: {t}, ours {o}; {self.where()}")  # fmt: skip
        gaps, blocks = int(counters.gaps[0]), self.gap_runs
        self.report.hold("counted: gaps", gaps >= blocks, lambda: f"{gaps}, seen {blocks}")
        self.report.hold("counted: misses", int(counters.misses[0]) <= int(counters.steps[0])
                         + int(counters.skipped[0]), self.where)  # fmt: skip
        for name in ("steps", "misses", "skipped", "gaps", "limited", "sanitized", "starved"):
            value = int(getattr(counters, name)[0])
            self.report.counts[name] += value
            self._digest.update(f"{name}={value};".encode())
        self.report.counts["frames"] += studio.frames
        self.report.counts["blocks"] += self.callbacks

