"""A minute of the torture bench for two seeds, twice the same; and every invariant can fail."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bench.soak import __main__ as command
from bench.soak.memory import WARM_UP, Memory
from bench.soak.report import Report, Violation
from bench.soak.run import Result, run
from bench.soak.scenario import Fault, Plan, sessions
from bench.soak.studio import Studio
from rtsep.instant.path import InstantPath
from rtsep.live_session.callback import Callback
from rtsep.live_session.instant_loop import InstantLoop
from rtsep.live_session.recorder import Recorder
from rtsep.mixer.crossover import Crossover
from rtsep.mixer.delay_line import DelayLine
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.limiter import Limiter
from rtsep.mixer.playout import Playout
from rtsep.mixer.sweep import _Knob
from rtsep.mixer.tone import Tone
from rtsep.ring.ring import Ring

STALL = Fault(3.2, "engine stall", 0.8)
CRASH = Fault(3.2, "engine crash", 0.05)
PANIC = Fault(3.2, "panic", 0.5)
HOT = Fault(3.2, "hot input", 0.5, 4.0)
TAKE = Fault(3.2, "take", 0.6)
TURNED, SWEPT = Fault(3.2, "knobs turned", 0.5, 0.01), Fault(4.6, "knobs swept", 0.4)


def soaked(plans: Sequence[Plan]) -> list[Result]:
    results = list(run(plans))
    assert [result.violation for result in results] == [None] * len(plans)
    return results


@pytest.mark.parametrize("seed", [1, 2])
def test_a_minute_packed_with_faults(seed: int) -> None:
    results = soaked(list(sessions(seed, 60.0, length=30.0, spacing=0.8)))
    total = Report()
    for result in results:
        total.add(result.report)
    assert total.faults.total() > 30 and total.counts["concealed samples"] > 0
    for name in ("in time and in place", "early stems: all of the input"):
        assert total.invariants[name].checks > total.counts["frames"] / 100


def test_a_session_with_hands_on_every_knob() -> None:
    (drawn,) = (one for one in sessions(1, 90.0, length=30.0, spacing=0.8) if one.number == 2)
    (result,) = soaked([drawn])
    kinds = {"knobs turned", "knobs swept"}
    assert kinds < set(result.report.faults) and len(drawn.faults) > 20
    assert result.report.invariants["toned sound is bounded"].checks > 10_000
    assert result.report.invariants["in time and in place"].checks > 100_000


def test_knobs_while_other_things_go_wrong() -> None:
    soaked([plan(TURNED, fault, SWEPT) for fault in (STALL, CRASH, HOT, TAKE, PANIC)])
    soaked([plan(TURNED, STALL, SWEPT, memory_seconds=1.5, path="instant")])


def plan(*faults: Fault, policy: str = "hold", **early: Any) -> Plan:
    return Plan(
        number=0, seed=7, began=0.0, seconds=6.5, rate=44_100, stems=4, channels=2,
        window_frames=20, hop_frames=4, lookahead_frames=2, block=441, uneven=False,
        policy=policy, source="device", budget_hops=0.5, step_share=0.0, faults=faults, **early,
    )  # fmt: skip


def test_the_same_plan_is_the_same_run_and_another_seed_is_not() -> None:
    first, again = (soaked([plan(STALL, TAKE, HOT)])[0] for _ in range(2))
    assert first.digest == again.digest and first.report == again.report
    assert soaked([plan(CRASH)])[0].digest != first.digest


def test_the_same_session_again_needs_no_more_memory() -> None:
    samples = [result.memory for result in soaked([plan(STALL, CRASH, TAKE, HOT)] * 6)]
    objects, resident = (last - third for last, third in zip(samples[-1], samples[2], strict=True))
    assert objects < 500 and resident < 1.0  # MiB


def test_a_violation_is_told_with_its_replay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Limiter, "process", lambda self, block, on=True: block.fill(2.0))
    options = ["--hours", "0.004", "--session", "7", "--seed", "3"]
    assert command.main(options) == 1
    assert "--seed 3 --session 7 --spacing 3 --from 0 --until 7" in capsys.readouterr().err


def jumps(self: Playout, weights: np.ndarray, at: int, to: Any) -> None:
    """A change of sources without a crossfade."""
    weights[:, at:] = 0
    weights[to, at:] = 1
    self._source = to


def late_by_one(studio: Studio) -> None:
    """A sample of the stems is dropped, once."""
    write, ring = Ring.write, studio.shared.stems

    def dropping(self: Ring, block: np.ndarray) -> None:
        if self is ring and studio.now > 3:
            block = np.concatenate((block[:, 1:], block[:, -1:]), 1)
        write(self, block)

    studio.shared.stems.write = dropping.__get__(ring)  # type: ignore[method-assign]


def backwards(studio: Studio) -> None:
    def act() -> None:
        if studio.now > 3:
            studio.shared.stems._marks[0] -= 1

    studio.before = act


def never_again(studio: Studio) -> None:
    """A lost engine has no successor."""
    studio.new_engine = lambda: None  # type: ignore[method-assign]


def deaf_to_mutes(self: Faders) -> None:
    self._target[: self._stems] = self._control.gain
    self._target[-3:] = 1.0, 0.0, 1.0


def unlimited(self: Limiter, block: np.ndarray, on: bool = True) -> None:
    """Lets everything pass."""


def shy(self: Playout, position: int, start: int, stop: int, count: int) -> None:
    """Conceals and does not say so."""
    follow(self, position, start, stop, count)
    self.concealed = 0


def unclean(self: Callback, indata: np.ndarray, count: int) -> np.ndarray:
    return indata


def forgetful(self: Recorder) -> None:
    write_tape(self)
    self._position += 1


def almost_neutral(self: Tone, block: Block) -> Block:
    return Block(block.stems, block.dry, 0.999 * block.base, block.extra)


def never_home(self: _Knob, target: int) -> None:
    """A filter stays where it was when its knob is put back."""
    advance(self, target or self.place)


def unstable(self: Crossover, sound: np.ndarray) -> np.ndarray:
    return 1000 * split(self, sound)


follow, write_tape = Playout._follow, Recorder._write
advance, split = _Knob.advance, Crossover.split


def nothing(studio: Studio) -> None:
    """The rest is as it is."""


@pytest.mark.parametrize(
    ("place", "broken", "prepare", "faults", "invariant"),
    [
        ((Playout, "_move"), jumps, nothing, STALL, "no step beyond the crossfade's"),
        (None, None, late_by_one, PANIC, "every stem in its place"),
        (None, None, backwards, PANIC, "positions in order"),
        (None, None, never_again, CRASH, "nothing is concealed without a cause"),
        ((Faders, "_aim"), deaf_to_mutes, nothing, PANIC, "in time and in place"),
        ((Limiter, "process"), unlimited, nothing, HOT, "the limiter counts what it limits"),
        ((Playout, "_follow"), shy, nothing, STALL, "in time and in place"),
        ((Callback, "_received"), unclean, nothing, Fault(3.2, "not a number", 0, 300),
         "every sample is a number"),
        ((Recorder, "_write"), forgetful, nothing, TAKE, "takes are what was heard"),
        ((Tone, "apply"), almost_neutral, nothing, PANIC, "in time and in place"),
        ((_Knob, "advance"), never_home, nothing, TURNED, "in time and in place"),
        ((Crossover, "split"), unstable, nothing, TURNED, "toned sound is bounded"),
    ],
)  # fmt: skip
def test_what_is_broken_is_found(
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[type, str] | None,
    broken: Any,
    prepare: Callable[[Studio], None],
    faults: Fault,
    invariant: str,
) -> None:
    if place:
        monkeypatch.setattr(*place, broken)
    (result,) = run([plan(faults, policy="silence")], prepare=prepare)
    assert result.violation and result.violation.startswith(invariant), result.violation


def at_once(self: DelayLine, old: Any, new: Any) -> Any:
    """Another path without a crossfade."""
    return new


def from_nowhere(self: InstantLoop, position: int) -> None:
    """It plays what it made of half a window."""
    go_to(self, position)
    self._whole_from = 0


def in_reverse(self: InstantPath, position: int, stems: np.ndarray) -> None:
    learn(self, position, stems[::-1])


def never_instant_again(studio: Studio) -> None:
    studio.new_instant = lambda: None  # type: ignore[method-assign]


def waits_for_the_engine(studio: Studio) -> None:
    """The instant path stands still with it."""
    loop = studio.instant
    assert loop is not None
    work = loop.work
    loop.work = lambda: None if studio.asleep else work()  # type: ignore[method-assign]


go_to, learn = InstantLoop._go_to, InstantPath.learn
PATH, NEXT = Fault(3.2, "other path", 1.0), Fault(3.2, "instant crash", 0.3)


@pytest.mark.parametrize(
    ("place", "broken", "prepare", "faults", "invariant"),
    [
        ((DelayLine, "_blend"), at_once, nothing, PATH, "early stems: in time and in place"),
        ((InstantLoop, "_go_to"), from_nowhere, nothing, NEXT, "early stems: all of the input"),
        ((InstantPath, "learn"), in_reverse, nothing, PATH, "early stems: as they were learnt"),
        (None, None, never_instant_again, NEXT, "nothing is concealed without a cause"),
        (None, None, waits_for_the_engine, STALL, "nothing is concealed without a cause"),
        ((Faders, "_aim"), deaf_to_mutes, nothing, PANIC, "early stems: in time and in place"),
    ],
)  # fmt: skip
def test_what_is_broken_on_the_instant_path_is_found(
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[type, str] | None,
    broken: Any,
    prepare: Callable[[Studio], None],
    faults: Fault,
    invariant: str,
) -> None:
    if place:
        monkeypatch.setattr(*place, broken)
    early = {"memory_seconds": 1.5, "path": "instant"}
    (result,) = run([plan(faults, policy="silence", **early)], prepare=prepare)
    assert result.violation and result.violation.startswith(invariant), result.violation


def test_a_leak_is_found() -> None:
    memory, report = Memory(), Report()
    leaked: list[Any] = []
    for _ in range(WARM_UP):
        memory.sample(report, "")
    memory.sample(report, "")
    # New pages; what an allocator keeps from earlier tests would not count.
    leaked.append(mmap.mmap(-1, 64 << 20))
    leaked[0].write(bytes(64 << 20))
    with pytest.raises(Violation, match="memory flat: resident"):
        memory.sample(report, "after it")
    leaked += [object() for _ in range(100_000)]
    with pytest.raises(Violation, match="memory flat: objects"):
        memory.sample(report, "after it")
