"""How late a loop really is: bursts sent round it, found again, and compared with what is declared.

Two ways are measured in one recording. The *device path* is from the output to the input, outside:
the burst as the callback writes it, and as a later callback gets it. The *whole chain* goes on from
there through a live session to its mix, taken where it would be played. As the loop has passed the
device's output and its input once, that is the latency from the one socket to the other when the
session plays, whichever part of it lies in the output and which in the input.

With all faders at 0 dB the mix is the delayed input whatever the engine does, so the burst is also
searched in the sum of the stems, which has passed the engine. What the policy puts in the place of
late stems proves nothing: only bursts count whose stems all came in time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rtsep.errors import ConfigError
from rtsep.live_session.messages import DeviceReady
from rtsep.live_session.probed import INPUT, MIXED, STEMS
from rtsep.measure.roundtrip.agreement import FEWEST, LOST, Agreement, agreement
from rtsep.measure.roundtrip.burst import check_level, make_burst
from rtsep.measure.roundtrip.correlate import Arrival, find_burst
from rtsep.measure.roundtrip.loops import Loop
from rtsep.ring.ring import Audio
from rtsep.status import LatencyPart

REPEATS = 8
LEVEL_DB = -18.0
SEARCH_SECONDS = 1.0
_LEAD_SECONDS = 0.1  # of silence before a burst, in which the noise is measured
_SCATTER = 1024  # samples: no two bursts begin at the same place of a block
SUMMED = slice(4, 6)  # rows of the stems' sum
CLIPPED, FULL_SCALE = 4, 0.999  # so many samples there are no accident


@dataclass(frozen=True, kw_only=True)
class Search:
    """How to look for a latency. It may be up to `seconds` longer than what is declared."""

    repeats: int = REPEATS
    level_db: float = LEVEL_DB
    seconds: float = SEARCH_SECONDS

    def __post_init__(self) -> None:
        check_level(self.level_db)
        if self.repeats < FEWEST:
            raise ConfigError(f"at least {FEWEST} bursts are needed, got {self.repeats}")
        if not 0 <= self.seconds < math.inf:
            raise ConfigError(
                f"the search must be a time in seconds, 0 or more, got {self.seconds}"
            )


@dataclass(frozen=True, kw_only=True)
class Take:
    """One burst, (2, n), and what came while it was played; `played` is where in there it began."""

    burst: Audio
    played: int
    heard: Audio  # the rows of INPUT, and with a session those of MIXED and SUMMED, (rows, m)
    at: int  # the number of the burst's first sample
    blocks_lost: int
    concealed: int  # samples that the policy made up

    @property
    def clipped(self) -> int:
        """Samples of the input at full scale."""
        return int(np.count_nonzero(np.abs(self.heard[INPUT]) >= FULL_SCALE))


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A way that bursts took. Sides are 0, left, and 1, right."""

    output: int
    input: int
    arrivals: tuple[Arrival | None, ...]
    agreement: Agreement

    @property
    def found(self) -> tuple[Arrival, ...]:
        return tuple(arrival for arrival in self.arrivals if arrival)


@dataclass(frozen=True, kw_only=True)
class Roundtrip:
    """What was measured. Without a problem everything that was looked for was found, and agrees."""

    device: DeviceReady
    search: Search
    declared: tuple[LatencyPart, ...]  # as in a session's status
    inside: int
    path: Passage | None = None
    others: tuple[Passage, ...] = ()  # further ways between the outputs and the inputs
    chain: Passage | None = None
    stems: Passage | None = None
    blocks_lost: int = 0
    concealed: int = 0
    notes: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def declared_path(self) -> tuple[LatencyPart, ...]:
        """Of the way outside: what PortAudio declares of the devices, and the JACK server."""
        return (*self.device.latency, *self.device.beyond)

    def channel(self, side: int, *, output: bool) -> int:
        """As people count it."""
        device = self.device
        return (device.output_channels if output else device.input_channels)[side] + 1


def send(loop: Loop, search: Search, index: int) -> Take:
    """One burst round the loop; each `index` has its own."""
    rate = loop.device.rate
    burst = make_burst(rate, index, search.level_db)
    if len(loop.device.output_channels) == 1:  # which plays the mean of both
        burst = burst[[0, 0]]
    played = round(_LEAD_SECONDS * rate)
    played += int(np.random.default_rng(index).integers(_SCATTER))
    late = loop.inside + round(search.seconds * rate)
    signal = np.zeros((2, played + burst.shape[1] + late), np.float32)
    signal[:, played : played + burst.shape[1]] = burst
    blocks_before, concealed_before = loop.lost()
    heard, start = loop.play(signal)
    blocks, concealed = loop.lost()
    if loop.stems:
        heard = np.concatenate([heard[:STEMS], heard[STEMS:].reshape(-1, 2, heard.shape[1]).sum(0)])
    return Take(
        burst=burst,
        played=played,
        heard=np.nan_to_num(heard, nan=0, posinf=0, neginf=0),
        at=start + played,
        blocks_lost=blocks - blocks_before,
        concealed=concealed - concealed_before,
    )


def passages(takes: Sequence[Take], device: DeviceReady) -> list[Passage]:
    """The ways from the outputs to the inputs, the best one first: it was found most often, and
    stays on its side if that is no worse."""
    sides = [
        (output, input)
        for output in range(min(len(device.output_channels), 2))
        for input in range(min(len(device.input_channels), 2))
    ]
    found = [
        _passage(takes, [take.heard[input] for take in takes], output, input, device.rate)
        for output, input in sides
    ]
    return sorted(found, key=lambda one: (-one.agreement.found, one.output != one.input))


def _passage(
    takes: Sequence[Take], signals: Sequence[Audio], output: int, input: int, rate: int
) -> Passage:
    """The bursts of one output in one signal, (n,), of each take."""
    arrivals = tuple(
        find_burst(signal, take.burst[output], take.played, rate)
        for take, signal in zip(takes, signals, strict=True)
    )
    return Passage(
        output=output,
        input=input,
        arrivals=arrivals,
        agreement=agreement(arrivals, [take.at for take in takes]),
    )


def evaluate(loop: Loop, search: Search, takes: Sequence[Take]) -> Roundtrip:
    """What the takes say, without a judgement."""
    path, *others = passages(takes, loop.device)
    chain, stems = _through(loop, takes, path) if loop.stems else (None, None)
    return Roundtrip(
        device=loop.device,
        search=search,
        declared=loop.latency,
        inside=loop.inside,
        path=path,
        others=tuple(way for way in others if way.agreement.verdict != LOST),
        chain=chain,
        stems=stems,
        blocks_lost=sum(take.blocks_lost for take in takes),
        concealed=sum(take.concealed for take in takes),
    )


def _through(loop: Loop, takes: Sequence[Take], path: Passage) -> tuple[Passage, Passage | None]:
    """To the mix, and to the sum of the stems if they came in time."""

    def to(takes: Sequence[Take], signals: Sequence[Audio]) -> Passage:
        return _passage(takes, signals, path.output, path.input, loop.device.rate)

    mixes = [take.heard[MIXED.start + path.input] for take in takes]
    in_time = [take for take in takes if not take.concealed]
    sums = [take.heard[SUMMED.start + path.input] for take in in_time]
    return to(takes, mixes), to(in_time, sums) if len(in_time) >= FEWEST else None
