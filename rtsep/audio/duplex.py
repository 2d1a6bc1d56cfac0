"""Sound devices, opened: one stream for both directions where they share a clock, else two.

Starts and closes them, and says how late the sound is. What happens to the sound is the business
of the function that `start` is given.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rtsep.audio.bursts import Bursts
from rtsep.audio.channels import USUAL_BLOCK, Inlet, Outlet
from rtsep.audio.declared import declared, server_notes
from rtsep.audio.devices import JACK, find_again
from rtsep.audio.drift import AdaptiveResampler, needed_delay
from rtsep.audio.opened import Duplex, Process, Rows
from rtsep.audio.portaudio import abandon
from rtsep.audio.routes import Route
from rtsep.audio.streams import DuplexSpec, open_stream
from rtsep.errors import ConfigError
from rtsep.ring.ring import Audio
from rtsep.status import LatencyPart

_SURE_BLOCK = 256  # assumed where nobody says how long blocks are, and the least in any case
_FIRST_SECONDS = 2.0  # for a JACK server's first two periods


def open_duplex(spec: DuplexSpec) -> Duplex:
    """Open devices. Raises ConfigError for what they refuse, with what else could be tried."""
    inlet = Inlet(find_again(spec.input), spec.input_channels) if spec.input else None
    outlet = Outlet(find_again(spec.output), spec.routes, spec.cue) if spec.output else None
    if inlet and outlet and spec.two_clocks:
        return TwoStreams(spec, inlet, outlet)
    return OneStream(spec, inlet, outlet)


class _Streams:
    """What one stream and two have in common."""

    def __init__(self, spec: DuplexSpec, inlet: Inlet | None, outlet: Outlet | None) -> None:
        self.rate = spec.rate
        self.blocksize = spec.blocksize
        self.routes = outlet.routes if outlet else ()
        self.notes = (inlet.notes if inlet else ()) + server_notes(inlet, outlet)
        self._inlet = inlet
        self._outlet = outlet
        self._process: Process | None = None
        self._streams: list[Any] = []
        self._started: list[Any] = []
        self._bursts = Bursts()

    @property
    def at_once(self) -> int:
        return self._bursts.longest

    @property
    def active(self) -> bool:
        running = self._process is not None and bool(self._started)
        return running and all(stream.active for stream in self._started)

    @property
    def opened(self) -> tuple[tuple[int, ...], ...]:
        return tuple(end.opened if end else () for end in (self._inlet, self._outlet))

    def patched(
        self, inputs: Rows, routes: tuple[Route, ...], outputs: tuple[Rows, ...]
    ) -> Callable[[], None]:
        inlet = self._inlet.on(inputs) if self._inlet and inputs else self._inlet
        outlet = self._outlet.on(routes, outputs) if self._outlet and outputs else self._outlet

        def change() -> None:
            self._inlet, self._outlet = inlet, outlet

        return change

    def start(self, process: Process) -> None:
        self._process = process
        for stream in self._streams:
            if stream not in self._started:
                self._started.append(stream)
                stream.start()

    def close(self) -> None:
        ends = (self._inlet, self._outlet)
        on_jack = any(end.device.host_api == JACK for end in ends if end)
        if on_jack and not all(stream.active for stream in self._started):
            abandon()  # the server has died, and closing would wait for it
            return
        self._started = []
        for stream in self._streams:
            stream.stop()
            stream.close()

    def _open(
        self,
        spec: DuplexSpec,
        callback: Callable[..., None],
        inlet: Inlet | None,
        outlet: Outlet | None,
    ) -> Any:
        """The stream that `process` is called by. On JACK, blocks of another length than the
        server's period come later, or in bursts; only a running stream tells what the period is,
        so it runs from now on."""
        end = outlet or inlet
        assert end is not None
        if end.device.host_api != JACK:
            return open_stream(spec, callback, inlet, outlet)
        stream = open_stream(replace(spec, blocksize=0), self._counted(callback), inlet, outlet)
        self._started.append(stream)
        stream.start()
        if not self._bursts.wait(_FIRST_SECONDS):
            abandon()
            raise ConfigError(
                f"{end.device.label} gives no sound: its JACK server stands still; start it again"
            )
        self.blocksize = self._bursts.longest
        return stream

    def _counted(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Silent until the start."""

        def count_up(*block: Any) -> None:
            count, times, _ = block[-3:]
            self._bursts.add(times.currentTime, count)
            if self._process is not None:
                callback(*block)
            elif self._outlet:
                block[-4][...] = 0

        return count_up

    # Blocks are (n, channels) to sounddevice, and (channels, n) to everybody else.

    def _fill(self, audio: Audio | None, outdata: Audio, count: int, flags: Any) -> None:
        outlet = self._outlet  # `process` may set another one, for the next block
        assert outlet is not None and self._process is not None
        played = outdata.T
        buses = outlet.buses(played)
        self._process(audio, buses, count, flags)
        outlet.deliver(buses, played)


class OneStream(_Streams):
    """Both directions on one clock, or only one of them."""

    def __init__(self, spec: DuplexSpec, inlet: Inlet | None, outlet: Outlet | None) -> None:
        super().__init__(spec, inlet, outlet)
        callback = self._listen if outlet is None else self._play if inlet is None else self._both
        self._streams = [self._open(spec, callback, inlet, outlet)]

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        (stream,) = self._streams
        parts = []
        if self._inlet:
            parts.append(declared("device in", stream, self._inlet))
        if self._outlet:
            parts.append(declared("device out", stream, self._outlet))
        return tuple(parts)

    def _both(self, indata: Any, outdata: Any, count: int, times: Any, flags: Any) -> None:
        assert self._inlet is not None
        self._fill(self._inlet.take(indata.T), outdata, count, flags)

    def _listen(self, indata: Any, count: int, times: Any, flags: Any) -> None:
        assert self._inlet is not None and self._process is not None
        self._process(self._inlet.take(indata.T), None, count, flags)

    def _play(self, outdata: Any, count: int, times: Any, flags: Any) -> None:
        self._fill(None, outdata, count, flags)


class TwoStreams(_Streams):
    """Two devices, two clocks, and perhaps two rates. The output is the master: `process` is called
    at its pace."""

    def __init__(self, spec: DuplexSpec, inlet: Inlet, outlet: Outlet) -> None:
        super().__init__(spec, inlet, outlet)
        rate = spec.input_rate or spec.rate
        # A host API that regroups blocks calls at uneven times; nobody needs that here.
        recording = open_stream(replace(spec, rate=rate, blocksize=0), self._record, inlet, None)
        try:
            playing = self._open(spec, self._play, None, outlet)
        except ConfigError:
            recording.close()
            raise
        self._streams = [recording, playing]
        recorded, played = (
            self._block(recording, inlet, rate),
            self._block(playing, outlet, spec.rate),
        )
        delay = needed_delay(recorded, played, rate / self.rate)
        self.resampler = AdaptiveResampler(2, self.rate, delay, rate)
        self._joined: Audio = np.zeros((2, USUAL_BLOCK), np.float32)
        # What the recording device complains of, until it is passed on with the next block played.
        self._flags: deque[Any] = deque(maxlen=64)
        apart = (
            f"run at {rate} and {self.rate} Hz"
            if rate != self.rate
            else "run on clocks of their own"
        )
        self.notes += (
            f"{inlet.device.label} and {outlet.device.label} {apart}; joining "
            f"them takes {1000 * self.resampler.delay / self.rate:.0f} ms",
        )

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        recording, playing = self._streams
        assert self._inlet and self._outlet
        return (
            declared("device in", recording, self._inlet, rate=self.rate),
            LatencyPart(name="clocks", samples=self.resampler.delay),
            declared("device out", playing, self._outlet),
        )

    def _block(self, stream: Any, end: Inlet | Outlet, rate: int) -> int:
        """How long blocks are: a guess on the safe side, which the resampler corrects upwards."""
        known = max(declared("", stream, end).samples, *(s * rate for s in end.device.low_latency))
        return max(round(known), self.blocksize, _SURE_BLOCK)

    def _record(self, indata: Any, count: int, times: Any, flags: Any) -> None:
        now = time.perf_counter()
        assert self._inlet is not None
        self.resampler.write(self._inlet.take(indata.T), now)
        if flags:
            self._flags.append(flags)

    def _play(self, outdata: Any, count: int, times: Any, flags: Any) -> None:
        now = time.perf_counter()
        if count > self._joined.shape[1]:
            self._joined = np.zeros((2, count), np.float32)
        joined = self._joined[:, :count]
        self.resampler.read_into(joined, now)
        while self._flags:
            flags |= self._flags.popleft()
        self._fill(joined, outdata, count, flags)
