"""Hops from the input ring through the network into the stems ring, and what to do when it is late.

Positions count samples of the session; they, not the moment of arrival, say where stems belong.
Knows nothing of processes: `work` does what can be done now and returns.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from rtsep.engine.hops import HopStream
from rtsep.engine.rates import SETTLING_SAMPLES, RateConverter
from rtsep.engine.step import share_residual
from rtsep.live_session.retuning import Retuning
from rtsep.live_session.shared import Shared
from rtsep.live_session.timing import Change
from rtsep.mixer.conceal import RATIO_SAMPLES, ratios_of
from rtsep.ring.ring import Audio

_SMOOTHING = 0.2  # of the typical step
_HOPE = 0.9  # per skipped hop: after a bad stretch the engine must try again some time


class EngineLoop:
    """Drives one `HopStream`. After a restart, begins with the window that the ring remembers."""

    def __init__(
        self,
        hops: HopStream,
        shared: Shared,
        typical_seconds: float,
        retuning: Retuning,
        on_change: Callable[[Change], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`hops` has heard nothing but silence. `typical_seconds` is what a step takes, as measured
        beforehand by the same clock. `on_change` hears of what `retuning` led to."""
        self._hops = hops
        self._spec = hops.spec
        self._retuning, self._on_change = retuning, on_change
        self._shared = shared
        self._clock = clock
        self._typical_seconds = typical_seconds
        self._ratio = shared.layout.rate / hops.spec.sample_rate  # session samples per model sample
        self._chunk: Audio = np.zeros((shared.layout.channels, hops.spec.hop), np.float32)
        self._recent: Audio = np.zeros((shared.stems.channels, RATIO_SAMPLES), np.float32)
        self._pending: Audio = np.zeros((shared.layout.channels, 0), np.float32)
        self._begin(shared.input.readable()[0])

    def work(self) -> None:
        """Take in all audio that has come, and make stems of every hop that is not too late."""
        while self.advance():
            pass

    def advance(self) -> bool:
        """A part of `work`, of a hop or two; false when there is nothing to do."""
        if not self._take_in():
            return False
        hop = self._spec.hop
        while self._pending.shape[1] >= hop:
            block, self._pending = np.split(self._pending, [hop], 1)
            self._hop(torch.from_numpy(block)[None])
        return True

    def _begin(self, position: int) -> None:
        """Go on with the audio from `position` on."""
        layout, model_rate = self._shared.layout, self._spec.sample_rate
        self._down = RateConverter(layout.rate, model_rate, layout.channels)
        self._up = RateConverter(model_rate, layout.rate, layout.stems * layout.channels)
        self._origin = self._read = self._made = self._valid = position
        self._pending = np.zeros((layout.channels, 0), np.float32)
        self._hop_end = 0  # in the model's samples since the origin

    def _forget_audio(self) -> None:
        """As if a window of silence had come, at hardly any cost."""
        silence = torch.zeros(1, self._shared.layout.channels, self._spec.hop)
        for _ in range(math.ceil(self._spec.window / self._spec.hop)):
            self._hops.skip(silence)

    def _take_in(self) -> bool:
        """Read a stretch of input; false when there is none."""
        first, head = self._shared.input.readable()
        if self._read < first:  # stalled for longer than the ring remembers
            self._forget_audio()
            self._begin(first)
        count = min(head - self._read, self._chunk.shape[1])
        if count <= 0:
            return False
        block = self._chunk[:, :count]
        self._shared.input.read_into(self._read, block)
        self._read += count
        self._pending = np.concatenate((self._pending, self._down(block)), 1)
        return True

    def _hop(self, block: torch.Tensor) -> None:
        began = self._clock()
        self._hop_end += self._spec.hop
        arrived = self._position_of(self._hop_end)
        backlog = self._shared.input.head - arrived
        skipped = self._too_late()
        stepped, ended = self._skip(block) if skipped else self._step(block, began)
        late = self._late_samples()
        missed = late > 0
        self._shared.counters.misses[0] += missed
        inside = 0.0 if skipped else self._hops.laps.seconds
        self._shared.hops.add(arrived, began, inside, stepped, ended, backlog, skipped, missed)
        rate = self._shared.layout.rate
        change = self._retuning.heed(
            None if skipped else ended - began,
            late / rate,
            (self._shared.input.head - arrived) / rate,
            may_jump=not self._shared.control.recording[0],  # a take would have a gap
        )
        if change:
            self._go_over(change)

    def _skip(self, block: torch.Tensor) -> tuple[float, float]:
        """Leave the hop out. Returns when that was done, twice, as `_step` does."""
        self._hops.skip(block)
        self._typical_seconds *= _HOPE
        self._leave_gap()
        self._shared.counters.skipped[0] += 1
        done = self._clock()
        return done, done

    def _step(self, block: torch.Tensor, began: float) -> tuple[float, float]:
        """Returns when the hop's stems were known, and when they could be played."""
        stems = self._hops.step(block)[0].numpy()
        stepped = self._clock()
        self._deliver(stems)
        ended = self._clock()
        self._typical_seconds += _SMOOTHING * (ended - began - self._typical_seconds)
        self._shared.counters.step_times.add(ended - began)
        self._shared.counters.steps[0] += 1
        return stepped, ended

    def _late_samples(self) -> int:
        """By how many samples this hop's stems came too late."""
        due = self._position_of(self._hop_end - self._spec.hop - self._spec.lookahead)
        return max(self._heard() - due, 0) if due >= 0 else 0

    def _go_over(self, change: Change) -> None:
        """Go on with another hop; the positions stay those of the audio."""
        spec = change.timing.spec
        if spec != self._spec:
            self._hops.adopt(spec)
            self._spec = spec
        self._on_change(change)

    def _position_of(self, model_samples: int) -> int:
        """Of the session, for a number of samples since the origin at the model's rate."""
        return self._origin + math.floor(model_samples * self._ratio)

    def _heard(self) -> int:
        """The position that is played next."""
        return self._shared.input.head - self._shared.delay

    def _too_late(self) -> bool:
        """Whether most of this hop's stems, made now, would come after their time.

        An engine that is a little too slow does better to leave out a hop now and then, and be in
        time with the others, than to be late with all of them.
        """
        middle = self._position_of(self._hop_end - self._spec.lookahead - self._spec.hop // 2)
        return middle <= self._heard() + self._typical_seconds * self._shared.layout.rate

    def _leave_gap(self) -> None:
        """Silence for the converter, which must go on, and nothing of it for the ring."""
        layout = self._shared.layout
        silence = np.zeros((layout.stems, layout.channels, self._spec.hop), np.float32)
        self._valid = self._position_of(self._hop_end - self._spec.lookahead)
        if self._ratio != 1:
            self._valid += SETTLING_SAMPLES
        self._made += self._convert(silence).shape[1]

    def _deliver(self, stems: Audio) -> None:
        """(stems, channels, hop) into the ring, and what they teach the policy."""
        converted = self._convert(stems)
        start = self._made
        self._made += converted.shape[1]
        ring = self._shared.stems
        # A predecessor, whose hops lay elsewhere, may have made the first of them already.
        usable = converted[:, max(max(self._valid, ring.head) - start, 0) :]
        start = self._made - usable.shape[1]
        if not usable.shape[1]:
            return
        if ring.head < start:
            ring.skip_to(start)
        if self._ratio != 1:
            self._share_residual(usable, start)
        ring.write(usable)
        if not np.isfinite(usable).all():  # a broken step teaches nothing
            return
        ring.read_into(ring.head - RATIO_SAMPLES, self._recent)
        shape = (self._shared.layout.stems, self._shared.layout.channels, RATIO_SAMPLES)
        self._shared.ratios.publish(ratios_of(self._recent.reshape(shape)))

    def _convert(self, stems: Audio) -> Audio:
        """This hop's stems at the session's rate, as (stems * channels, n), from the origin on."""
        before_origin = self._spec.hop + self._spec.lookahead - self._hop_end
        flat = stems.reshape(-1, stems.shape[-1])
        return self._up(flat[:, min(max(before_origin, 0), self._spec.hop) :])

    def _share_residual(self, stems: Audio, start: int) -> None:
        """Stems at another rate miss what the model cannot hear."""
        layout = self._shared.layout
        dry = np.zeros((layout.channels, stems.shape[1]), np.float32)
        self._shared.input.read_into(start, dry)
        parts = stems.reshape(layout.stems, layout.channels, -1)
        mix = torch.from_numpy(dry)[None]
        share_residual(torch.from_numpy(parts)[None], mix, self._hops.heirs)
