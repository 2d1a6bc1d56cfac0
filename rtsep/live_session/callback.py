"""What the audio process does for each block of the device. Copies, mixes and counts.

No torch, no lock, no log, nothing that waits. Everything it needs was allocated beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from rtsep.config import LOUDEST
from rtsep.live_session.shared import Shared
from rtsep.live_session.tape import Tape
from rtsep.mixer.cue import Cue
from rtsep.mixer.delay_line import DelayLine
from rtsep.mixer.dips import IN, OUT, Dips
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.tone import Tone
from rtsep.mixer.trim import Trim
from rtsep.player.feed_reader import FeedReader
from rtsep.ring.ring import Audio

MIX, CUE = -1, -2  # in place of a stem's number


class Callback:
    """From a device's input to its output, one block after the other, at the session's positions.

    The first block follows the last one that any process has written: a successor goes on where
    its predecessor stopped.
    """

    def __init__(
        self,
        shared: Shared,
        wake: Callable[[], None],
        *,
        feed: bool,
        outputs: Sequence[int],
        lasting: int = 0,
    ) -> None:
        """`wake` tells the engine that there is audio, and must not wait. With `feed` the input
        is what another process feeds. `outputs` are the stems, MIX or CUE, to play, in the
        order of the device's channels; each takes `layout.channels` of them. So many of them at the
        end are `lasting`: they play on while the output is another one."""
        layout = shared.layout
        stems, channels, longest = layout.stems, layout.channels, layout.longest_block
        self._shared = shared
        self._wake = wake
        self.ending = False  # set it to fade to silence and stay there
        self._feed = FeedReader(shared.feed, shared.counters, shared.marks) if feed else None
        self.outputs = tuple(outputs)  # another tuple between two blocks, where devices change
        self._lasting = lasting
        path = shared.path
        self._line = DelayLine(
            shared.stems,
            shared.input,
            shared.ratios,
            shared.control,
            longest,
            shared.delay_on(path),
            shared.instant,
            path,
        )
        self._trim = Trim(shared.control, layout.rate, longest)
        self._tone = Tone(shared.control, stems, channels, layout.rate, longest)
        self.faders = Faders(shared.control, stems, channels, layout.rate, longest)
        self._cue = Cue(shared.control, stems, channels, layout.rate, longest)
        # Sound that goes on after a gap, from whatever device, does not begin with a step.
        self.dips = Dips(layout.rate, longest, hears=feed or not shared.input.head)
        self._clean: Audio = np.zeros((channels, longest), np.float32)
        self._magnitude: Audio = np.zeros((channels, longest), np.float32)
        self._broken = np.zeros((channels, longest), np.bool_)
        self._gain: Audio = np.zeros((1, longest), np.float32)
        self._mix: Audio = np.zeros((channels, longest), np.float32)
        self._faded: Audio = np.zeros((stems, channels, longest), np.float32)
        self._tape = Tape(shared)
        self._concealed = self._gaps = self._limited = 0
        self._device_in = self._mixing = self._device_out = 0.0  # seconds of the running callback

    def __call__(self, indata: Audio | None, outdata: Audio | None, count: int) -> None:
        """indata (channels, n) or None, outdata (outputs * channels, n) or None, n = `count`."""
        began = time.perf_counter()
        self._device_in = self._mixing = self._device_out = 0.0
        if self._feed and self._feed.paused and self.faders.silent:
            self._rest(outdata)
            count = 0
        parts = -(-count // self._shared.layout.longest_block)
        for number in range(parts):  # even ones: in a short one a crossfade would click
            here = slice(count * number // parts, count * (number + 1) // parts)
            self._block(
                None if indata is None else indata[:, here],
                None if outdata is None else outdata[:, here],
                here.stop - here.start,
            )
        self._wake()
        counters = self._shared.counters
        counters.callbacks[0] += 1
        self._note(began, count)
        counters.callback_times.add(time.perf_counter() - began)

    def _rest(self, outdata: Audio | None) -> None:
        """In a pause no time passes."""
        assert self._feed
        self._feed.rest(self._shared.input.head)
        self._shared.reset_meters()
        if outdata is not None:
            outdata[...] = 0

    def _block(self, indata: Audio | None, outdata: Audio | None, count: int) -> None:
        shared, began = self._shared, time.perf_counter()
        position = shared.input.head
        self.dips.advance(count)
        shared.input.write(self._received(indata, count))
        hushed = self._feed and self._feed.is_hushed(position - self._line.delay)
        self.faders.fading_out = self.ending or bool(hushed)
        received = time.perf_counter()
        path = shared.path
        block = self._line.pull(position, shared.delay_on(path), count, path)
        toned, mix = self._tone.apply(block), self._mix[:, :count]
        self.faders.mix(toned, mix)
        mixed = time.perf_counter()
        if outdata is not None:
            self._play(toned, mix, outdata)
        shared.meters.update(toned.dry, toned.stems, self.faders.gains, mix)
        self._tape.write(position - self._line.delay, block, mix)
        self._count()
        self._device_in += received - began
        self._mixing += mixed - received
        self._device_out += time.perf_counter() - mixed

    def _received(self, indata: Audio | None, count: int) -> Audio:
        """The input of this block, finite and trimmed."""
        clean = self._clean[:, :count]
        if self._feed:
            self._feed.fetch(self._shared.input.head, clean)
        elif indata is None:
            clean[...] = 0
        else:
            clean[...] = indata
        magnitude, broken = self._magnitude[:, :count], self._broken[:, :count]
        np.abs(clean, out=magnitude)
        np.less_equal(magnitude, LOUDEST, out=broken)  # so that NaN is broken too
        if not broken.all():
            np.logical_not(broken, out=broken)
            self._shared.counters.sanitized[0] += np.count_nonzero(broken)
            clean[broken] = 0
        self.dips.apply(IN, clean)
        curve = self._trim.process(clean)
        if self._shared.trim:
            self._gain[:, :count] = curve
            self._shared.trim.write(self._gain[:, :count])
        return clean

    def _play(self, block: Block, mix: Audio, outdata: Audio) -> None:
        channels, faded = self._shared.layout.channels, self._faded[..., : mix.shape[1]]
        if any(output >= 0 for output in self.outputs):
            self.faders.stem_out(block.stems, faded)
        for index, output in enumerate(self.outputs):
            played = outdata[index * channels : (index + 1) * channels]
            if output == CUE:
                self._cue.mix(block, mix, self.faders.fade, played)
                self._shared.cue_meter.update(played)
            else:
                played[...] = mix if output == MIX else faded[output]
        self.dips.apply(OUT, outdata[: (len(self.outputs) - self._lasting) * channels])

    def _count(self) -> None:
        """Add to the session's counts what this process has counted since."""
        counters, line, limited = self._shared.counters, self._line, self.faders.limiter.limited
        counters.concealed[0] += line.concealed - self._concealed
        counters.gaps[0] += line.gaps - self._gaps
        counters.limited[0] += limited - self._limited
        self._concealed, self._gaps, self._limited = line.concealed, line.gaps, limited

    def _note(self, began: float, count: int) -> None:
        """A row of the timeline."""
        shared = self._shared
        head = shared.input.head
        shared.callbacks.add(
            began,
            self._device_in,
            self._mixing,
            self._device_out,
            count,
            head,
            shared.stems.head - (head - shared.delay),
            shared.feed.head - int(shared.counters.feed_position[0]),
        )
