"""Hands on equalizers and filters. What is heard under them is not known sample by sample, only
that it is bounded; in the middle again it is exact again."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.soak.chunk import Chunk
from bench.soak.model import Array
from bench.soak.report import Report
from bench.soak.scenario import Fault

if TYPE_CHECKING:
    from bench.soak.studio import Studio

Course = Generator[float, None, None]
SETTLING_SECONDS = 0.3  # from when the last knob is in the middle
BANDS = ("low", "mid", "high")
MOST = 10.0  # times as loud as what it is made of: two resonances, 6 dB, phases turned


def knobs_turned(studio: Studio, fault: Fault) -> Course:
    """Everything jumps, again and again; `size` is the pace, in seconds."""
    for _ in range(max(int(fault.seconds / fault.size), 2)):
        _turn(studio)
        yield fault.size
    _rest(studio)


def knobs_swept(studio: Studio, fault: Fault) -> Course:
    """All filters from end to end, all bands up and down."""
    for turn in np.linspace(0, 2 * np.pi, max(int(fault.seconds / 0.02), 5)):
        for number, stem in enumerate(studio.desk.stems):
            studio.desk.set_filter(stem, float(np.sin(turn + number)))
            for band, name in enumerate(BANDS):
                studio.desk.set_eq(stem, name, float(-27 + 33 * np.cos(turn + number + band)))
        studio.desk.set_master_filter(float(np.sin(turn)))
        yield 0.02
    _rest(studio)


def _turn(studio: Studio) -> None:
    rng, desk = studio.rng, studio.desk
    for stem in desk.stems:
        for name in BANDS:
            desk.set_eq(stem, name, float(rng.choice([-np.inf, 0.0, 6.0, rng.uniform(-60, 6)])))
            desk.set_kill(stem, name, bool(rng.random() < 0.3))
        desk.set_filter(stem, float(rng.choice([-1.0, 0.0, 1.0, rng.uniform(-1, 1)])))
    desk.set_master_filter(float(rng.choice([-1.0, 0.0, 1.0, rng.uniform(-1, 1)])))


def _rest(studio: Studio) -> None:
    for stem in studio.desk.stems:
        for name in BANDS:
            studio.desk.set_eq(stem, name, 0.0)
            studio.desk.set_kill(stem, name, False)
        studio.desk.set_filter(stem, 0.0)
    studio.desk.set_master_filter(0.0)


class ToneWatch:
    """Where knobs may be heard, and that what they make is bounded."""

    def __init__(self, rate: int) -> None:
        self._settling = int(SETTLING_SECONDS * rate)
        self._until = 0  # frame
        self._loudest = 0.0  # of the chunk before: filters remember it

    def block(self, control: Any, first: int, count: int) -> bool:
        """Whether a block of up to `count` that begins at that frame may be another than without
        any knobs."""
        at_rest = bool((control.eq == 1).all()) and not (
            control.kill.any() or control.filter.any() or control.master_filter.any()
        )
        if not at_rest:
            self._until = first + count + self._settling
        return first < self._until

    def check(self, report: Report, chunk: Chunk) -> None:
        loudest = float(chunk.level.max())
        loud = max(loudest, self._loudest)
        self._loudest = loudest
        if not chunk.toned.any():
            return
        gain = max(float(chunk.factors.loudest.max()), 1.0) * max(
            float(chunk.factors.master.max()), 1.0
        )
        heard = np.maximum(np.abs(chunk.mix).max(0), _stems(chunk))[chunk.toned]
        report.check("toned sound is bounded", float(heard.max()), MOST * gain * loud + 1e-6,
                     lambda: chunk.where(int(np.argmax(chunk.toned))), int(heard.size))  # fmt: skip


def _stems(chunk: Chunk) -> Array:
    loudest: Array = np.abs(chunk.stems).max((0, 1))
    return loudest
