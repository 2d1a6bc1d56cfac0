"""A loop to send signals round: the devices alone, or with a whole live session between them."""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ConfigError, RtsepError
from rtsep.live_session.devices import SoundCards
from rtsep.live_session.messages import AudioRequest, DeviceReady
from rtsep.live_session.probed import INPUT, probe_rows
from rtsep.live_session.session import LiveSession
from rtsep.live_session.shared import Counters
from rtsep.live_session.spec import LiveSpec
from rtsep.ring.arena import Arena
from rtsep.ring.probe import Probe
from rtsep.ring.ring import Audio
from rtsep.status import LatencyPart
from rtsep.weights.observer import Observer

PROBE_BYTES = 1 << 25
_SETTLE_SECONDS = 0.5  # of silence: devices that wake up, connections that are made
_ENGINE_SECONDS = 60.0  # for its first step
_LOOK_SECONDS = 0.02
_COUNTERS_BYTES = 1 << 20
_LONGEST_SECONDS = 30.0  # of a signal for the devices alone


class Loop(Protocol):
    """Opened, and running inside `with`."""

    device: DeviceReady
    inside: int  # samples that are declared between the device's input and its output
    stems: tuple[str, ...]  # none without a session
    latency: tuple[LatencyPart, ...]  # declared, from input to output

    def settle(self) -> None:
        """Wait until sound can be expected to come through."""

    def play(self, signal: Audio) -> tuple[Audio, int]:
        """Play (2, n) and nothing else. Returns what came meanwhile, (rows, n), the rows as in
        `probed`, and when it began, as a number of samples."""

    def lost(self) -> tuple[int, int]:
        """Blocks that the device lost since the start, and samples that the policy made up."""


class DeviceLoop:
    """Opens the devices as a live session does, in this process."""

    inside = 0
    stems: tuple[str, ...] = ()

    def __init__(self, request: AudioRequest) -> None:
        self._cards = SoundCards(request)
        self.inputs = self._cards.inputs

    def __enter__(self) -> DeviceLoop:
        self._open = self._cards.open(NetworkConfig().sample_rate, STEMS_6)
        self.device, self.latency = self._open.ready, self._open.ready.latency
        samples = math.ceil(_LONGEST_SECONDS * self.device.rate)
        self._probe = Probe(bytearray(4 * (INPUT.stop + 2) * samples), INPUT.stop)
        self._counters = Counters(Arena(bytearray(_COUNTERS_BYTES)))

        def process(recorded: Audio | None, played: Audio | None, count: int) -> None:
            assert recorded is not None and played is not None
            self._probe.exchange((recorded,), played)

        try:
            self._open.start(process, self._counters)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._open.close()

    def settle(self) -> None:
        time.sleep(_SETTLE_SECONDS)

    def play(self, signal: Audio) -> tuple[Audio, int]:
        return _play(self._probe, signal, self.device, lambda: self._open.active)

    def lost(self) -> tuple[int, int]:
        return int(self._counters.xruns[0]), 0


class SessionLoop:
    """A live session with a probe: its real processes, its faders at 0 dB, its mix kept from the
    output, where only the signal is played."""

    def __init__(self, spec: LiveSpec, observer: Observer) -> None:
        memory = multiprocessing.get_context("spawn").RawArray("b", PROBE_BYTES)
        self._memory = memory
        audio = dataclasses.replace(spec.audio, probe=memory)
        self._session = LiveSession(dataclasses.replace(spec, audio=audio), observer)

    def __enter__(self) -> SessionLoop:
        session = self._session
        session.start()
        self.device, self.latency = session.device, session.latency
        self.inside = session.shared.delay_on(session.shared.path)
        self.stems = session.model.stems
        self._probe = Probe(self._memory, probe_rows(len(self.stems)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._session.stop()

    def settle(self) -> None:
        """Until stems have been made on every path that there is, and those are heard."""
        end = time.monotonic() + _ENGINE_SECONDS
        while not self._made():
            if time.monotonic() > end or self._session.failure:
                raise RtsepError(
                    f"the engine has not made a step in {_ENGINE_SECONDS:.0f} s: "
                    f"{'; '.join(self._session.events.texts) or 'it said nothing'}"
                )
            time.sleep(_LOOK_SECONDS)
        time.sleep(_SETTLE_SECONDS + self.inside / self.device.rate)

    def _made(self) -> bool:
        shared = self._session.shared
        made = [shared.counters.steps, *([shared.counters.instant_hops] if shared.instant else [])]
        return all(count[0] for count in made)

    def play(self, signal: Audio) -> tuple[Audio, int]:
        return _play(self._probe, signal, self.device, lambda: self._session.state != "device lost")

    def lost(self) -> tuple[int, int]:
        counters = self._session.shared.counters
        return int(counters.xruns[0]), int(counters.concealed[0])


def _play(
    probe: Probe, signal: Audio, device: DeviceReady, active: Callable[[], bool]
) -> tuple[Audio, int]:
    count = signal.shape[1]
    if count > probe.capacity:
        raise ConfigError(
            f"{count / device.rate:.1f} s of sound with all stems do not fit into the memory for "
            "measuring; shorten the hop, the budget or --search"
        )
    probe.arm(signal)
    end = time.monotonic() + 2 * count / device.rate + 5
    while not probe.done:
        if not active() or time.monotonic() > end:
            raise RtsepError(f"{device.input} to {device.output} no longer answers")
        time.sleep(_LOOK_SECONDS)
    return probe.take()
