"""What tuning says it does, and how long all of it will take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
import torch
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine import tune as tuning
from rtsep.engine.hops import HopStream
from rtsep.engine.search import Search, Work
from rtsep.engine.separator import Separator
from rtsep.engine.tune import PRELIMINARY_STEPS, Doing, Setting, Trial, best, tune
from rtsep.engine.tuning_time import COMPILE_SECONDS, RESERVES, usual_minutes

Clock = Callable[[str, int, bool], float]  # (mode, frames of the hop, compiled) -> of a step


class Machine:
    """One on which steps take as long as a clock says, and a time of its own, in which nobody has
    to wait."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.compiled: set[StreamSpec] = set()
        self.told: list[tuple[float, Doing]] = []
        self._clock = clock
        monkeypatch.setattr(tuning, "_step_seconds", self._steps)
        monkeypatch.setattr(tuning.time, "monotonic", lambda: self.now)
        self._separator = Separator("small", small_bag(), torch.device("cpu"))

    def _steps(self, hops: HopStream) -> Iterator[float]:
        spec = hops.spec
        for number in itertools.count():
            step = self._clock(spec.mode, spec.hop // spec.frame, spec in self.compiled)
            waits = spec.hop / spec.sample_rate if number >= PRELIMINARY_STEPS else 0.0
            self.now += max(step, waits)
            yield step

    def tune(self, compile_seconds: float | None) -> list[Trial]:
        def compile(spec: StreamSpec) -> bool:
            self.compiled.add(spec)
            self.now += compile_seconds or 0.0
            return True

        trials = tune(
            self._separator,
            compile=None if compile_seconds is None else compile,
            begin=lambda doing: self.told.append((self.now, doing)),
        )
        if best(trials).setting.spec(self._separator) in self.compiled:
            self.now += RESERVES * (compile_seconds or 0.0)
        return trials

    @property
    def forecasts(self) -> list[tuple[float, float]]:
        """At each beginning: the seconds that were left, as it was said and as it came."""
        return [(doing.seconds + doing.after, self.now - then) for then, doing in self.told]


def slow(mode: str, frames: int, compiled: bool) -> float:
    """Two cores: hops of 12 frames are held, and compiled ones of 8."""
    return 0.9 if mode == "exact" else 0.125 if compiled else 0.22


def fast(mode: str, frames: int, compiled: bool) -> float:
    return 0.002


@pytest.mark.parametrize("compile_seconds", [None, COMPILE_SECONDS, 60.0, 240.0])
@pytest.mark.parametrize("clock", [slow, fast])
def test_what_is_left_is_true(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, compile_seconds: float | None
) -> None:
    machine = Machine(clock, monkeypatch)
    machine.tune(compile_seconds)
    begun = [doing.what for _, doing in machine.told]
    compiles = clock is slow and compile_seconds is not None
    assert "proof" in begun and ("compilation" in begun) == compiles
    # Once a step was seen and, unless that takes what it usually does, another one compiled.
    usual = not compiles or compile_seconds == COMPILE_SECONDS
    known = 1 if usual else begun.index("compilation") + 1
    for said, came in machine.forecasts[known:]:
        assert came - 1 <= said <= came + tuning.TRIAL_SECONDS + 10


def test_every_piece_is_told_before_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(slow, monkeypatch)
    trials = machine.tune(COMPILE_SECONDS)
    pieces = [doing for _, doing in machine.told]
    assert [d.setting for d in pieces if d.what != "compilation"] == [t.setting for t in trials]
    at = [d.what for d in pieces].index("compilation")
    assert pieces[at + 1].setting == pieces[at].setting
    assert (pieces[at].seconds, pieces[-1].what) == (COMPILE_SECONDS, "proof")
    assert pieces[-1].after == pytest.approx(
        RESERVES * COMPILE_SECONDS
    )  # for the choice is a compiled one


def test_a_compilation_teaches_how_long_the_next_one_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(
        lambda mode, frames, compiled: 0.9 if mode == "exact" else 0.18 if compiled else 0.2,
        monkeypatch,
    )
    machine.tune(40.0)
    first, *others = [doing.seconds for _, doing in machine.told if doing.what == "compilation"]
    assert first == COMPILE_SECONDS
    assert others and all(seconds == pytest.approx(40.0) for seconds in others)


@pytest.mark.parametrize(("compiled_ms", "tried"), [(32.0, True), (50.0, False)])
def test_what_compiling_brought_says_what_else_is_worth_it(compiled_ms: float, tried: bool) -> None:
    """Steps of 46 ms that take 74 are out of reach by the forecast, and by what a compiled step of
    70 ms took, or not."""
    short, hop = (
        Setting(mode="incremental", window=2.0, hop=seconds, lookahead=0.046)
        for seconds in (0.046, 0.07)
    )
    search = Search((short, hop), compiles=True)
    for setting, ms in ((short, 74.0), (hop, 80.0)):
        search.note(Work(setting=setting), trial_of(setting, ms, compiled=False))
    compilation = search.next()
    assert compilation == Work(setting=hop, compiles=True)
    search.note(compilation, trial_of(hop, compiled_ms, compiled=True))
    following = search.next()
    assert (following == Work(setting=short, compiles=True)) is tried


def trial_of(setting: Setting, ms: float, *, compiled: bool) -> Trial:
    return Trial(setting=setting, compiled=compiled, steps=9, p50_ms=ms, p90_ms=ms, answer_ms=ms)


@pytest.mark.parametrize("compiling", [False, True])
def test_machines_take_the_usual_time(monkeypatch: pytest.MonkeyPatch, compiling: bool) -> None:
    """What is said everywhere, of a machine with two cores, and without compiling of a fast one."""
    low, high = usual_minutes(compiling=compiling)
    for clock in (slow,) if compiling else (slow, fast):
        machine = Machine(clock, monkeypatch)
        machine.tune(COMPILE_SECONDS if compiling else None)
        assert low - 0.5 <= machine.now / 60 <= high + 0.5
