"""A live session without processes or devices: the real callback, rings and engine loop, block by
block, as fast as they go. Time is counted in samples, so every run is the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rtsep.config import STEMS_4, NetworkConfig, StreamSpec
from rtsep.dsp.stft import ISTFT, STFT
from rtsep.engine.hops import HopStream
from rtsep.instant.path import InstantPath
from rtsep.instant.settings import DELAY, hop_of
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.engine_loop import EngineLoop
from rtsep.live_session.instant_loop import InstantLoop
from rtsep.live_session.messages import DeviceReady, ModelReady
from rtsep.live_session.retuning import Reserves, Retuning
from rtsep.live_session.shared import SHARED_BYTES, Shared
from rtsep.live_session.spec import delay_of, instant_parts, latency_parts, layout_of
from rtsep.live_session.timing import Change, Timing
from rtsep.mixer.dips import Dips
from rtsep.model.past import NOTHING, Past

RATE = 44_100
EDGES = (20, 80, 300)  # bins of the STFT between the stems of `BandNetwork`


class BandNetwork:
    """Stems are four bands of the spectrum: cheap, and different from each other."""

    complete = True

    def __init__(self) -> None:
        self.config = NetworkConfig()
        self.stems = STEMS_4
        self.stft = STFT(self.config.nfft)
        self._istft = ISTFT(self.config.nfft)
        bins = torch.arange(self.config.bins)
        bounds = (0, *EDGES, self.config.bins)
        self._masks = [(bins >= low) & (bins < high) for low, high in pairwise(bounds)]

    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor:
        first, stop, _ = keep.indices(mix.shape[-1])
        spec = spec.permute(0, 3, 1, 2)
        return torch.stack(
            [self._istft(spec * mask, first, stop - first) for mask in self._masks], 1
        )


def stream_spec(
    window: float = 0.28,
    hop: float = 0.093,
    lookahead: float = 0.046,
    mode: str = "exact",
    *,
    wider: int = 0,
) -> StreamSpec:
    """A step refreshes `wider` frames more than it must."""
    spec = StreamSpec.from_seconds(
        NetworkConfig(), window=window, hop=hop, lookahead=lookahead, mode=mode
    )
    return replace(spec, refresh=spec.refresh + wider * spec.frame)


class VirtualSession:
    """Audio goes in by blocks; between them the engine works, unless it is told to be stalled."""

    def __init__(
        self,
        spec: StreamSpec | None = None,
        *,
        rate: int = RATE,
        block: int = 256,
        budget: float | None = 0.0,
        outputs: tuple[int, ...] = (MIX,),
        reserves: Reserves | None = None,
        adapts: bool = False,
        nears: bool = False,
        instant: bool = False,
        instant_delay: float = DELAY,
    ) -> None:
        """With a budget of 0 the delay leaves the engine no time but that of the queue. An engine
        that is late goes over to `reserves`, and one that `nears` comes nearer with them; without
        any it stays as it is."""
        self.spec = spec or stream_spec()
        self.block = block
        self._reserves, self._adapts, self._nears = reserves or Reserves(), adapts, nears
        self._model = ModelReady(
            name="bands",
            device="cpu",
            executor="eager",
            stems=STEMS_4,
            channels=2,
            spec=self.spec,
            step_seconds=0.0,
            budget=budget,
        )
        self._device = DeviceReady(
            input="", output="", rate=rate, blocksize=block, longest_block=block, latency=()
        )
        self.latency = latency_parts(self._model, self._device, budget)
        early = instant_parts(self._model, self._device, instant_delay) if instant else ()
        self.layout = layout_of(
            self._model, self._device, self.latency, early, hop_of(instant_delay)
        )
        self.timings: list[Timing] = []  # that the engine went over to
        self.changes: list[Change] = []
        self.shared = Shared(bytearray(SHARED_BYTES), self.layout)
        self.shared.begin()
        self._outputs = outputs
        self._at = 0
        self.new_callback(settle=True)
        self.new_engine()
        self.instant: InstantLoop | None = None
        if instant:
            self.new_instant()

    @property
    def delay(self) -> int:
        return self.shared.delay

    def new_callback(self, *, settle: bool = False) -> None:
        """As after the loss of the audio process; with `settle` without its fades in."""
        self.callback = Callback(self.shared, lambda: None, feed=False, outputs=self._outputs)
        if settle:
            self.callback.faders.settle()
            self.callback.dips = Dips(RATE, self.layout.longest_block)

    def new_engine(self, typical_seconds: float = 0.0) -> None:
        """As after the loss of the engine process."""
        hops = HopStream(BandNetwork(), self.spec, batch=1, device=torch.device("cpu"))
        self.engine = EngineLoop(
            hops, self.shared, typical_seconds, self._retuning(), self._retuned, self._clock
        )

    def new_instant(self) -> None:
        """As after the loss of the instant process."""
        layout = self.layout
        settings = layout.instant
        self.instant = InstantLoop(InstantPath(settings), self.shared)

    def _retuning(self) -> Retuning:
        timing = Timing(spec=self.spec, budget=self._model.budget)
        return Retuning(timing, self._reserves, adapts=self._adapts, nears=self._nears)

    def _retuned(self, change: Change) -> None:
        """What a session does then."""
        timing = change.timing
        self.changes.append(change)
        self.timings.append(timing)
        self.spec = timing.spec
        self._model = replace(self._model, spec=timing.spec, budget=timing.budget)
        self.latency = latency_parts(self._model, self._device, timing.budget)
        self.shared.delay = delay_of(self.latency, self._device)

    def _clock(self) -> float:
        return self._at / self.layout.rate

    def slow_engine(self, step_samples: int) -> None:
        """From now on that much audio passes while a step is made."""
        self.new_engine(typical_seconds=step_samples / self.layout.rate)
        hops = self.engine._hops
        step = hops.step

        def slow(block: Tensor) -> Tensor:
            for _ in range(step_samples // self.block):
                self._play_a_block()
            return step(block)

        hops.step = slow  # type: ignore[method-assign]

    def run(
        self,
        audio: np.ndarray,
        *,
        stalled: Callable[[int], bool] = lambda position: False,
        before: Callable[[int], Any] = lambda position: None,
    ) -> np.ndarray:
        """audio (2, n) -> what was played, (2 * outputs, n). `stalled` and `before`, which is
        called ahead of each block, get the number of the block's first sample."""
        self._audio, self._at, self._before = audio, 0, before
        self._played = np.zeros((2 * len(self._outputs), audio.shape[1]), np.float32)
        while (at := self._at) < audio.shape[1]:
            self._play_a_block()
            if self.instant:
                self.instant.work()
            if not stalled(at):
                self.engine.work()
        return self._played

    def _play_a_block(self) -> None:
        here = slice(self._at, self._at + self.block)
        block = self._audio[:, here]
        if block.shape[1]:
            self._before(self._at)
            self._at += block.shape[1]
            self.callback(block, self._played[:, here], block.shape[1])


def music(seconds: float, rate: int = RATE) -> np.ndarray:
    """(2, n): tones in every band of `BandNetwork` and some noise; below full scale."""
    rng = np.random.default_rng(11)
    at = np.arange(round(seconds * rate)) / rate
    tones = sum(
        0.15 * np.sin(2 * np.pi * f * at + np.array([[p], [p + 1]]))
        for f, p in ((90, 0), (440, 1), (1500, 2), (5000, 3))
    )
    return (tones + 0.02 * rng.standard_normal((2, at.size))).astype(np.float32)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Fails when it does not become true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
