"""The classes of a live session in one process and in virtual time.

Time passes by blocks of the device: between them, and while a step is made, as long as that takes.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from bench.soak.checker import Checker
from bench.soak.chunk import Facts
from bench.soak.inputs import DeviceInput, FileInput, Input, TwoClocksInput
from bench.soak.network import ShareNetwork, config_of, shares_of
from bench.soak.paths import INSTANT
from bench.soak.scenario import FRAME, MODEL_RATE, Plan
from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.look import make_ready
from rtsep.instant.path import InstantPath
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.engine_loop import EngineLoop
from rtsep.live_session.instant_loop import InstantLoop
from rtsep.live_session.messages import DeviceReady, ModelReady
from rtsep.live_session.retuning import Reserves, Retuning
from rtsep.live_session.shared import SHARED_BYTES, Layout, Shared, instant_settings
from rtsep.live_session.spec import instant_parts, latency_parts, layout_of
from rtsep.live_session.timing import Timing
from rtsep.mixer.control import PATHS
from rtsep.mixer.desk import Desk
from rtsep.mixer.dips import Dips

_CPU = torch.device("cpu")
_SOME_FRAMES = 100  # of its memory, that an instant path may know something by
# Less than a session asks, so that hours are made of the code around it.
_NEIGHBOURS, _UPDATES = 24, 5


class EngineLost(Exception):
    """The engine's process is gone, in the middle of what it did."""


@dataclass
class Recovery:
    """How long after a fault stems may still be missing, in samples of the session."""

    hop: int
    delay: int
    most: int

    def samples(self, extra_hops: int = 0) -> int:
        return self.delay + (4 + extra_hops) * self.hop + self.most


class Studio:
    """One session. `buffer` is its shared memory."""

    def __init__(self, plan: Plan, buffer: bytearray, checker: Callable[[Facts], Checker]) -> None:
        self.plan = plan
        self.rng = np.random.default_rng(plan.seed)
        self.now = 0.0
        self.frames = 0
        np.frombuffer(buffer, np.uint8).fill(0)
        self._config = config_of(plan.stems, plan.channels)
        self.spec = spec_of(plan)
        self.layout = layout_for(plan, self.spec)
        self.shared = Shared(buffer, self.layout)
        self.shared.begin()
        paths = PATHS if plan.memory_seconds else PATHS[:1]
        self.desk = Desk(self._config.stems, self.shared.control, paths)
        self.desk.set_policy(plan.policy)
        self.desk.set_path(plan.path)
        self.budget_seconds = plan.budget_hops * plan.hop_seconds
        self.block = plan.block
        self.uneven = plan.uneven
        self.asleep = 0  # faults that keep the engine from being woken
        self.extra_seconds = 0.0  # once, on top of the next step
        self.busy_until = 0.0  # when the step that is made is done
        self.step_seconds = plan.step_share * self.budget_seconds
        self._stepped = 0.0  # seconds that all steps have taken, the engine's clock
        self._life = 0  # the number of engines that were lost
        self.instant_asleep = 0  # faults that keep the instant path from being woken
        self.excused = [0, 0]  # faults that are on, of both paths
        self.excused_until = [2 * self.layout.delay + self.layout.rate] * 2  # frames
        self.settled_at = 0  # frame from which on only one path is on the tape
        self.before: Callable[[], None] = lambda: None
        hop = plan.hop_frames * FRAME * plan.rate // MODEL_RATE + 1
        conversion = 4096 if plan.rate != MODEL_RATE else 0
        self.recovery = Recovery(hop, self.layout.delay, 4 * plan.block + conversion)
        self.input = self._open_input()
        self.checker = checker(self._facts())
        self._outputs = (MIX, *range(plan.stems))
        self._out = np.empty((len(self._outputs) * plan.channels, 1 << 13), np.float32)
        self.new_callback()
        self.new_engine()
        self.instant: InstantLoop | None = None
        if plan.memory_seconds:
            self.new_instant()

    def run(self) -> None:
        while self.now < self.plan.seconds:
            self.play_block()
            if not self.asleep and self.engine is not None:
                self._work()
        self.checker.finish(self)

    def new_callback(self) -> None:
        """A new audio process."""
        feed = self.plan.source == "file"
        self.callback = Callback(self.shared, lambda: None, feed=feed, outputs=self._outputs)
        # Every sample that is given shall be known: no fade of the input behind a gap.
        self.callback.dips = Dips(self.plan.rate, self.layout.longest_block)
        self.checker.new_process()

    def new_engine(self) -> None:
        """A new engine process, made ready as it makes itself ready."""
        self._life += 1  # whichever there was
        self.network = ShareNetwork(self._config)
        hops = HopStream(self.network, self.spec, batch=1, device=_CPU)
        make_ready(hops)  # what it measures is no virtual time
        step, life = hops.step, self._life

        def lasting(block: torch.Tensor) -> torch.Tensor:
            self._spend(life)
            return step(block)

        hops.step = lasting  # type: ignore[method-assign]
        self.engine: EngineLoop | None = EngineLoop(
            hops,
            self.shared,
            self.step_seconds,
            Retuning(Timing(spec=self.spec, budget=None), Reserves(), adapts=False),
            lambda change: None,
            lambda: self._stepped,
        )

    def new_instant(self) -> None:
        """A new instant process, which knows nothing."""
        layout = self.layout
        settings = replace(
            instant_settings(layout.stems, layout.channels, layout.rate),
            capacity_seconds=self.plan.memory_seconds, neighbours=_NEIGHBOURS, updates=_UPDATES,
        )  # fmt: skip
        self.shared.counters.instant_frames[0] = 0
        self.instant = InstantLoop(InstantPath(settings), self.shared, lambda: self.now)

    def lose_engine(self) -> None:
        """At once, or out of the step that it is at."""
        self._life += 1
        self.engine = None

    def play_block(self) -> None:
        """What the device does."""
        self.before()
        count = int(self.rng.integers(1, self.block + 1)) if self.uneven else self.block
        given, known = self.input.take(count, self.now)
        out = self._out[:, :count]
        out.fill(np.nan)  # whatever is not written is found
        self.checker.before(self)
        self.callback(given, out, count)
        self.frames += count
        self.now += count / self.layout.rate
        self.checker.block(self, known, out)
        if self.instant and not self.instant_asleep:  # a process beside the engine's
            self.instant.work()

    def pause(self, seconds: float) -> None:
        """No device calls meanwhile."""
        self.now += seconds

    def in_trouble(self, path: int) -> bool:
        """Whether stems may be missing. The instant path has no time to spare for blocks that are
        longer than the device said."""
        if path == INSTANT and self.block > self.layout.longest_block:
            return True
        return self.excused[path] > 0 or self.frames <= self.excused_until[path]

    @property
    def knows_the_song(self) -> bool:
        return int(self.shared.counters.instant_frames[0]) > _SOME_FRAMES

    def _work(self) -> None:
        assert self.engine is not None
        with suppress(EngineLost):
            self.engine.work()

    def _spend(self, life: int) -> None:
        """The time that a step takes."""
        seconds, self.extra_seconds = self.step_seconds + self.extra_seconds, 0.0
        self._stepped += seconds
        self.busy_until = end = self.now + seconds
        while self.now < end and self.now < self.plan.seconds:
            self.play_block()
            if self._life != life:
                raise EngineLost

    def _open_input(self) -> Input:
        plan = self.plan
        if plan.source == "file":
            return FileInput(self.shared, plan.rate, plan.channels)
        if plan.source == "two clocks":
            return TwoClocksInput(plan.rate, plan.block, self.rng)
        return DeviceInput(plan.rate, plan.channels)

    def _facts(self) -> Facts:
        plan, layout = self.plan, self.layout
        return Facts(
            rate=plan.rate,
            channels=plan.channels,
            shares=shares_of(plan.stems),
            delay=layout.delay,
            lookahead=plan.lookahead_frames * FRAME * plan.rate // MODEL_RATE,
            longest=layout.longest_block,
            exact=plan.rate == MODEL_RATE,
            instant_delay=layout.instant_delay,
        )


def spec_of(plan: Plan) -> StreamSpec:
    lookahead = plan.lookahead_frames * FRAME
    return StreamSpec(
        window=plan.window_frames * FRAME,
        hop=plan.hop_frames * FRAME,
        lookahead=lookahead,
        crossfade=min(FRAME // 2, lookahead),
        frame=FRAME,
        sample_rate=MODEL_RATE,
    )


def layout_for(plan: Plan, spec: StreamSpec) -> Layout:
    """As a session makes it of what its processes answer."""
    config = config_of(plan.stems, plan.channels)
    model = ModelReady(name="shares", device="cpu", executor="eager", stems=config.stems,
                       channels=plan.channels, spec=spec, step_seconds=0.0)  # fmt: skip
    device = DeviceReady(input="", output="", rate=plan.rate, blocksize=plan.block,
                         longest_block=plan.block, latency=())  # fmt: skip
    parts = latency_parts(model, device, plan.budget_hops * plan.hop_seconds)
    early = instant_parts(model, device) if plan.memory_seconds else ()
    return layout_of(model, device, parts, early)


def new_buffer() -> Any:
    """All of it resident from the start, so that a session with larger rings is no leak."""
    buffer = bytearray(SHARED_BYTES)
    buffer[:: mmap.PAGESIZE] = bytes(len(buffer) // mmap.PAGESIZE)
    return buffer
