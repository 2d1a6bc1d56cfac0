"""The invariants of what is heard, each a function of a chunk."""

from __future__ import annotations

import numpy as np

from bench.soak.chunk import Block, Chunk
from bench.soak.model import DRY, HELD, RAMP_SECONDS, Array
from bench.soak.report import Report

FADE = 64  # samples that a crossfade takes, or a block if that is shorter


def _worst(report: Report, name: str, chunk: Chunk, off: Array, allowed: Array | float,
           mask: Array) -> None:  # fmt: skip
    """No sample within the mask may be off by more than is allowed there."""
    checks = int(np.count_nonzero(mask))
    if not checks:
        return
    bounds = np.broadcast_to(allowed, off.shape)
    share = np.where(mask, off - bounds, -np.inf)
    at = int(np.argmax(share))
    nearest = np.where(mask & (bounds > 0), off / np.maximum(bounds, 1e-30), 0.0)
    report.check(name, float(off[at]), float(bounds[at]), lambda: chunk.where(at), checks)
    entry = report.invariants[name]
    entry.worst = max(entry.worst, float(nearest.max()))


def finite(report: Report, chunk: Chunk) -> None:
    broken = np.count_nonzero(~np.isfinite(chunk.mix)) + np.count_nonzero(~np.isfinite(chunk.stems))
    size = chunk.mix.size + chunk.stems.size
    report.check("every sample is a number", broken, 0, lambda: chunk.where(0), size)


def in_time(report: Report, chunk: Chunk, limited: Array, margin: Array | float) -> None:
    """Where nothing is concealed or limited, the output is the model's."""
    mask = ~(chunk.uncertain | limited)
    _worst(report, "in time and in place", chunk, chunk.off, chunk.tolerance + margin, mask)


def stems_in_time(report: Report, chunk: Chunk, margin: Array | float) -> None:
    """So is every stem on an output of its own, which nothing limits."""
    _worst(report, "every stem in its place", chunk, _stems_off(chunk), chunk.tolerance + margin,
           ~chunk.uncertain)  # fmt: skip


def _stems_off(chunk: Chunk) -> Array:
    factors, off = chunk.factors, np.zeros(chunk.count, np.float32)
    gains = factors.gains * chunk.facts.shares[:, None] * factors.master * factors.fade
    for gain, stem in zip(gains.astype(np.float32), chunk.stems, strict=True):
        np.maximum(off, np.abs(stem - gain * chunk.x).max(0), out=off)
    return off


def early(report: Report, chunk: Chunk, limited: Array, margin: Array) -> None:
    """On the instant path, and on the way to it: what is heard is made of stems between what they
    are and equal parts. Where all faders are equal, it is the delayed input."""
    if not chunk.early.any():
        return
    least, most = chunk.between()
    beyond = np.maximum(least - chunk.mix, chunk.mix - most).max(0)
    filtered = HELD * chunk.loudest + margin
    spread = chunk.factors.spread * chunk.factors.master
    here = chunk.early & ~(chunk.concealed | chunk.toned)
    _worst(report, "early stems: in time and in place", chunk, beyond,
           chunk.tolerance + spread * filtered, here & ~limited)  # fmt: skip
    known = np.concatenate([np.full(block.count, block.known) for block in chunk.blocks])
    _worst(report, "early stems: as they were learnt", chunk, _stems_off(chunk),
           chunk.tolerance + filtered, here & known)  # fmt: skip
    _all_of_the_input(report, chunk, here)


def _all_of_the_input(report: Report, chunk: Chunk, here: Array) -> None:
    """Early stems, on outputs of their own, that are all as loud."""
    factors = chunk.factors
    gain = (factors.loudest * factors.master * factors.fade).astype(np.float32)
    off = np.abs(chunk.stems.sum(0) - gain * chunk.x).max(0)
    _worst(report, "early stems: all of the input", chunk, off, 3 * chunk.tolerance,
           here & (factors.spread == 0))  # fmt: skip


def within_bounds(report: Report, chunk: Chunk, limited: Array, ringing: Array,
                  unknown: bool) -> None:  # fmt: skip
    """While something is concealed, the output lies between the stems and the substitute.

    Not so where the newest stems are heard once more, or, with `unknown`, where shares were
    measured on silence; there it is no louder than what it is made of.
    """
    slack = chunk.tolerance + ringing + chunk.blur * chunk.loudest
    loose = chunk.concealed if unknown and chunk.held else chunk.mirrored
    least, most = chunk.between()
    beyond = np.maximum(least - chunk.mix, chunk.mix - most).max(0)
    _worst(report, "between the stems and their substitute", chunk, beyond, slack,
           chunk.concealed & ~loose & ~limited & ~chunk.toned)  # fmt: skip
    loudest = float(chunk.level.max()) * max(float(chunk.factors.loudest.max()), 1.0)
    loudest *= max(float(chunk.factors.master.max()), 1.0)
    _worst(report, "no louder than what it is made of", chunk, np.abs(chunk.mix).max(0),
           1.5 * loudest + slack,
           chunk.concealed & loose & ~limited & ~chunk.toned)  # fmt: skip


def full_scale(report: Report, chunk: Chunk) -> None:
    """Limited means within full scale; A/B is the input itself and is not limited."""
    on = np.zeros(chunk.count, np.bool_)
    for block in chunk.blocks:
        on[block.here] = block.limiter
    on &= np.broadcast_to(chunk.factors.bypass == 0, on.shape)
    _worst(report, "within full scale", chunk, np.abs(chunk.mix).max(0), 1.0, on)


class Steps:
    """From one sample to the next, what is wrong changes by no more than a crossfade lets it."""

    def __init__(self, channels: int) -> None:
        self._error = np.zeros((channels, 1))
        self._x = np.zeros((channels, 1))
        self._free = self._uncertain = self._mirrored = self._toned = False  # of the last sample
        self._fade = FADE  # of the last block

    def check(self, report: Report, chunk: Chunk, limited: Array, ringing: Array,
              unknown: bool) -> None:  # fmt: skip
        step = np.abs(np.diff(chunk.error, axis=1, prepend=self._error)).max(0)
        mask = (chunk.uncertain | np.append(self._uncertain, chunk.uncertain[:-1])) & ~limited
        mask &= np.append(self._free, ~limited[:-1])
        mask &= ~(chunk.toned | np.append(self._toned, chunk.toned[:-1]))
        mask[[block.start for block in chunk.blocks if block.fresh]] = False  # a device began
        if mask.any():
            allowed = self._allowed(chunk, unknown) + 2 * (chunk.tolerance + ringing)
            _worst(report, "no step beyond the crossfade's", chunk, step, allowed, mask)
        self._error, self._x = chunk.error[:, -1:].copy(), chunk.x[:, -1:].copy()
        self._free, self._uncertain = not limited[-1], bool(chunk.uncertain[-1])
        self._mirrored, self._toned = bool(chunk.mirrored[-1]), bool(chunk.toned[-1])
        self._fade = _fade(chunk.blocks[-1], chunk.facts.longest)

    def _allowed(self, chunk: Chunk, unknown: bool) -> Array:
        factors = chunk.factors
        slope = np.abs(np.diff(chunk.x, axis=1, prepend=self._x)).max(0)
        if chunk.fading.any():  # both may be concealed, and their steps need not cancel
            steps = [np.abs(np.diff(x, axis=1, prepend=x[:, :1])) for x in (chunk.late, chunk.soon)]
            slope += np.where(chunk.fading, sum(steps).max(0), 0)
        level = np.maximum(chunk.level, np.abs(np.append(self._x, chunk.x[:, :-1], 1)).max(0))
        longest = chunk.facts.longest
        fade = min(self._fade, *(_fade(block, longest) for block in chunk.blocks))
        apart = float((chunk.high - chunk.low).max())
        if unknown:
            apart = max(apart, float(factors.loudest.max()))
        allowed = apart * (level / fade + slope)
        # The newest samples once more, backwards: other samples than those that belong there.
        again = (apart + 4 * float(np.abs(factors.stems).max())) * float(slope.max())
        # The fade's last step is that onto the first sample behind it.
        turned = chunk.mirrored | np.append(self._mirrored, chunk.mirrored[:-1])
        allowed[turned] = again + apart * float(level.max()) / fade
        if chunk.moving:
            allowed += 2 * level * float(factors.loudest.max()) / (RAMP_SECONDS * chunk.facts.rate)
        allowed *= 1.02 * float(factors.master.max())
        return allowed + chunk.blur / 2 * max(float(level.max()), 1.0)


def _fade(block: Block, longest: int) -> int:
    """Samples that the shortest crossfade of a block has."""
    return min(FADE, *map(len, block.parts(longest))) if block.concealed else FADE


def muted(report: Report, chunk: Chunk) -> None:
    """A stem whose gain is 0 is not there at all; if all are, so is the mix, but for what a filter
    behind them remembers."""
    off = np.broadcast_to(chunk.factors.gains, (len(chunk.stems), chunk.count)) == 0
    for stem in np.flatnonzero(off.any(1)):
        sounding = np.abs(chunk.stems[stem]).max(0)
        _worst(report, "muted stays muted", chunk, sounding, 0.0, off[stem])
    if DRY not in chunk.policies:
        silent = off.all(0) & np.broadcast_to(chunk.factors.bypass == 0, chunk.count)
        _worst(report, "all muted is silence", chunk, np.abs(chunk.mix).max(0), 0.0,
               silent & ~chunk.toned)  # fmt: skip
