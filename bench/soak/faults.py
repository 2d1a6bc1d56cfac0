"""What each kind of fault does to a session: generators that do something, and yield for how many
seconds they wait before they go on."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator

import numpy as np

from bench.soak import early, gestures, takes, tone
from bench.soak.inputs import SLIDING_SECONDS, DeviceInput, FileInput, TwoClocksInput
from bench.soak.scenario import Fault
from bench.soak.studio import Studio
from bench.soak.trouble import engine_trouble, half_written, trouble
from rtsep.audio.choose import choose_rate
from rtsep.audio.devices import Device
from rtsep.errors import ConfigError
from rtsep.live_session.devices import _count
from rtsep.live_session.watch import HANG_SECONDS, EngineWatch

Course = Generator[float, None, None]
_LOOK_SECONDS = 0.1  # between two looks of the session at its engine
_DELAYED_SECONDS = 15.0  # by steps that were being made, and lost devices


class Director:
    """Lets the faults of a plan happen when they are due."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.begun: list[Fault] = []
        self._numbers: set[int] = set()  # of those
        self._due = [
            (fault.at, number, KINDS[fault.kind](studio, fault), fault)
            for number, fault in enumerate(studio.plan.faults)
        ]
        heapq.heapify(self._due)
        studio.before = self.act

    def act(self) -> None:
        now = self._studio.now
        while self._due and self._due[0][0] <= now:
            _, number, course, fault = heapq.heappop(self._due)
            if number not in self._numbers:
                self._numbers.add(number)
                self.begun.append(fault)
            wait = next(course, None)
            if wait is not None:
                heapq.heappush(self._due, (self._studio.now + wait, number, course, fault))

    def end(self) -> None:
        """Leave off what was still going on."""
        for _, _, course, _ in self._due:
            course.close()


def engine_stall(studio: Studio, fault: Fault) -> Course:
    with engine_trouble(studio):
        studio.asleep += 1
        yield fault.seconds
        studio.asleep -= 1


def slow_step(studio: Studio, fault: Fault) -> Course:
    """The engine takes it for typical, in part, and skips hops until it has forgotten it."""
    with engine_trouble(studio, hops_to_forget(studio, fault.seconds)):
        studio.extra_seconds += fault.seconds
        while studio.extra_seconds:  # until a step begins
            yield _LOOK_SECONDS
        yield max(studio.busy_until - studio.now, 0.0) + studio.plan.hop_seconds


def hops_to_forget(studio: Studio, seconds: float) -> int:
    """A fifth of it is believed; of that, a tenth is given up with every hop that is skipped, and
    those that came meanwhile are skipped at once."""
    learnt = 0.2 * seconds + studio.step_seconds
    room = max(studio.budget_seconds - studio.step_seconds, 0.01)
    hops = math.log(max(learnt / room, 1.0)) / -math.log(0.9)
    return max(math.ceil(hops - seconds / studio.plan.hop_seconds), 0) + 1


def late_steps(studio: Studio, fault: Fault) -> Course:
    with engine_trouble(studio, 12):
        usual = studio.plan.step_share * studio.budget_seconds
        studio.step_seconds = fault.size * studio.budget_seconds + studio.block / studio.layout.rate
        yield fault.seconds
        studio.step_seconds = usual


def engine_crash(studio: Studio, fault: Fault) -> Course:
    with engine_trouble(studio):
        studio.lose_engine()
        yield fault.seconds
        studio.new_engine()


def crash_while_writing(studio: Studio, fault: Fault) -> Course:
    """It dies with a stretch claimed and half of it written."""
    with engine_trouble(studio):
        studio.lose_engine()
        half_written(studio.shared.stems, int(studio.rng.integers(1, studio.recovery.hop)))
        yield fault.seconds
        studio.new_engine()


def engine_hang(studio: Studio, fault: Fault) -> Course:
    """The session's own watch must find it."""
    watch = EngineWatch(studio.shared, lambda: studio.now)
    began = studio.now
    with engine_trouble(studio):
        studio.asleep += 1
        while not watch.hangs():
            yield _LOOK_SECONDS
            took = studio.now - began
            most = HANG_SECONDS + 8 * studio.plan.hop_seconds + _DELAYED_SECONDS
            studio.checker.report.check("a hang is noticed", took, most, studio.checker.where)
        studio.lose_engine()
        studio.asleep -= 1
        yield 1.0
        studio.new_engine()


def stems_not_a_number(studio: Studio, fault: Fault) -> Course:
    with engine_trouble(studio, 2):
        studio.network.broken = True
        yield max(fault.seconds, studio.plan.hop_seconds)
        studio.network.broken = False


def device_loss(studio: Studio, fault: Fault) -> Course:
    """The audio process ends, and a new one goes on, with blocks of another length."""
    before = studio.block
    _reopen(studio, fault.seconds)
    with trouble(studio):
        _blocks(studio, int(fault.size))
        yield 1.0
        _blocks(studio, before)


def _reopen(studio: Studio, seconds: float) -> None:
    studio.pause(seconds)
    studio.new_callback()
    if isinstance(studio.input, TwoClocksInput):
        studio.input.open(studio.now)


def other_rate_only(studio: Studio, fault: Fault) -> Course:
    """The device comes back at another rate: refused, and asked for again; then it is back."""
    rate = studio.layout.rate
    other = 48_000 if rate == 44_100 else 44_100
    device = Device(index=0, name="card", host_api="JACK", inputs=2, outputs=2, default_rate=other)
    refused = False
    try:
        choose_rate(device, device, wanted=rate, model_rate=44_100,
                    takes=lambda device, kind, asked: asked == other)  # fmt: skip
    except ConfigError:
        refused = True
    studio.checker.report.hold("another rate is refused", refused, studio.checker.where)
    _reopen(studio, fault.seconds)
    with trouble(studio):
        yield 0.0


def blocks_change(studio: Studio, fault: Fault) -> Course:
    before = studio.block
    with trouble(studio):
        _blocks(studio, int(fault.size))
        yield fault.seconds
        _blocks(studio, before)


def _blocks(studio: Studio, size: int) -> None:
    """No longer than the budget lets them be; two clocks need a while for what that changes."""
    room = int(studio.budget_seconds * studio.layout.rate * (1 - studio.plan.step_share))
    studio.block = min(size, studio.layout.longest_block + room // 2)
    if isinstance(studio.input, TwoClocksInput):
        studio.input.settled_at = studio.now + SLIDING_SECONDS


def xrun(studio: Studio, fault: Fault) -> Course:
    """The device lost a part of the input, and says so."""
    device(studio).lose(int(fault.size))
    before = int(studio.shared.counters.xruns[0])
    _count(_Xrun, studio.shared.counters)
    after = int(studio.shared.counters.xruns[0])
    studio.checker.report.hold("counted: xruns", after == before + 1, studio.checker.where)
    studio.checker.report.counts["xruns"] += 1
    yield 0.0


class _Xrun:
    """As it is told of JACK, whatever was lost."""

    input_overflow = output_underflow = True
    input_underflow = output_overflow = False


def not_a_number(studio: Studio, fault: Fault) -> Course:
    kinds = np.array([np.nan, np.inf, -np.inf, 3e38, 0.1], np.float32)
    device(studio).bad = studio.rng.choice(kinds, int(fault.size))
    yield 0.0


def denormals(studio: Studio, fault: Fault) -> Course:
    device(studio).bad = studio.rng.uniform(-1e-39, 1e-39, int(fault.size)).astype(np.float32)
    yield 0.0


def absurd_peak(studio: Studio, fault: Fault) -> Course:
    device(studio).bad = np.full(1, fault.size, np.float32)
    yield 0.0


def hot_input(studio: Studio, fault: Fault) -> Course:
    device(studio).gain = fault.size
    yield fault.seconds
    device(studio).gain = 1.0


def barely_too_hot(studio: Studio, fault: Fault) -> Course:
    device(studio).gain = fault.size / device(studio).peak(fault.seconds)
    yield fault.seconds
    device(studio).gain = 1.0


def device(studio: Studio) -> DeviceInput:
    assert isinstance(studio.input, DeviceInput)
    return studio.input


def file_too_slow(studio: Studio, fault: Fault) -> Course:
    assert isinstance(studio.input, FileInput)
    studio.input.asleep += 1
    yield fault.seconds
    studio.input.asleep -= 1


def drift_step(studio: Studio, fault: Fault) -> Course:
    assert isinstance(studio.input, TwoClocksInput)
    studio.input.ppm = fault.size
    yield 0.0


def slow_drift(studio: Studio, fault: Fault) -> Course:
    clocks = studio.input
    assert isinstance(clocks, TwoClocksInput)
    start = clocks.ppm
    for step in range(1, 51):
        clocks.ppm = start + (fault.size - start) * step / 50
        yield fault.seconds / 50


def input_device_stalls(studio: Studio, fault: Fault) -> Course:
    clocks = studio.input
    assert isinstance(clocks, TwoClocksInput)
    clocks.deaf += 1
    clocks.settled_at = math.inf
    yield fault.seconds
    clocks.deaf -= 1
    if not clocks.deaf:
        clocks.settled_at = studio.now + SLIDING_SECONDS


KINDS: dict[str, Callable[[Studio, Fault], Course]] = {
    "engine stall": engine_stall,
    "slow step": slow_step,
    "late steps": late_steps,
    "engine crash": engine_crash,
    "crash while writing": crash_while_writing,
    "engine hang": engine_hang,
    "stems not a number": stems_not_a_number,
    "device loss": device_loss,
    "other rate only": other_rate_only,
    "blocks change": blocks_change,
    "xrun": xrun,
    "not a number": not_a_number,
    "denormals": denormals,
    "absurd peak": absurd_peak,
    "hot input": hot_input,
    "barely too hot": barely_too_hot,
    "file too slow": file_too_slow,
    "drift step": drift_step,
    "slow drift": slow_drift,
    "input device stalls": input_device_stalls,
    "fader moves": gestures.fader_moves,
    "mutes and solos": gestures.mutes_and_solos,
    "panic": gestures.panic,
    "other policy": gestures.other_policy,
    "MIDI flood": gestures.midi_flood,
    "MIDI garbage": gestures.midi_garbage,
    "take": takes.take,
    "slow disk": takes.slow_disk,
    "other path": early.other_path,
    "instant stall": early.instant_stall,
    "instant crash": early.instant_crash,
    "instant crash while writing": early.crash_while_writing,
    "engine away": engine_crash,
    "silence": early.silence,
    "another song": early.another_song,
    "knobs turned": tone.knobs_turned,
    "knobs swept": tone.knobs_swept,
}
