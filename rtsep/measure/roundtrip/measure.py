"""The whole measurement of a loop: waits for it, sends bursts, judges, looks for wrong cables."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

from rtsep.audio.routes import channel_names
from rtsep.errors import ConfigError
from rtsep.live_session.messages import AudioRequest
from rtsep.measure.roundtrip.correlate import find_burst
from rtsep.measure.roundtrip.loops import DeviceLoop, Loop
from rtsep.measure.roundtrip.takes import Roundtrip, Search, Take, evaluate, send
from rtsep.measure.roundtrip.wiring import absence, clipping, disagreement, elsewhere, remarks

_TRIES = 2  # for a first burst, without waiting

Say = Callable[[str], None]


def measure(loop: Loop, search: Search, *, wait: float = 0.0, say: Say) -> Roundtrip:
    """Send bursts round an opened loop. `wait` is how many seconds somebody may take to close it;
    `say` hears what is being waited for. Raises RtsepError when the device is lost."""
    loop.settle()
    takes = _first_takes(loop, search, wait, say)
    if _heard(takes[-1], loop) and not clipping(takes, loop.device, search):
        takes = takes[-1:]
        takes += [send(loop, search, index) for index in range(1, search.repeats)]
    found = evaluate(loop, search, takes)
    problem = clipping(takes, loop.device, search)
    if problem is None and found.path and not found.path.found:
        problem = absence(takes, loop.device, search)
    if problem is not None:
        return dataclasses.replace(
            found, path=None, others=(), chain=None, stems=None, problem=problem
        )
    return dataclasses.replace(found, problem=disagreement(found), notes=remarks(found))


def _first_takes(loop: Loop, search: Search, wait: float, say: Say) -> list[Take]:
    """Until a burst comes back, or nobody waits any more."""
    end = time.monotonic() + wait
    takes = [send(loop, search, 0)]
    if wait and not _heard(takes[-1], loop):
        say(f"waiting {wait:g} s for a burst to come back: close the loop")
    while not _heard(takes[-1], loop) and (len(takes) < _TRIES or time.monotonic() < end):
        takes = [*takes[-1:], send(loop, search, 0)]
    return takes


def _heard(take: Take, loop: Loop) -> bool:
    return any(
        find_burst(row, burst, take.played, loop.device.rate) is not None
        for row in take.heard[:2]
        for burst in take.burst
    )


def look_elsewhere(found: Roundtrip, request: AudioRequest) -> Roundtrip:
    """After a measurement that found nothing: does the burst come back on other inputs? Then that
    is the problem. Opens the devices anew, so the loop must have been closed."""
    for channels in _other_inputs(DeviceLoop(request).inputs, found.device.input_channels):
        names = channel_names(channels)
        try:
            with DeviceLoop(dataclasses.replace(request, input_channels=names, probe=None)) as loop:
                loop.settle()
                take = send(loop, found.search, 0)
        except ConfigError:  # what is not on offer is no place to look at
            continue
        for side in range(len(channels)):
            if find_burst(take.heard[side], take.burst[0], take.played, loop.device.rate) or (
                find_burst(take.heard[side], take.burst[1], take.played, loop.device.rate)
            ):
                return dataclasses.replace(
                    found, problem=elsewhere(found.device, (channels[side],))
                )
    return found


def _other_inputs(inputs: int, used: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Pairs of channels, and the last one of an odd number, without those that are used."""
    for left in range(0, inputs, 2):
        pair = tuple(channel for channel in (left, left + 1) if channel < inputs)
        free = tuple(channel for channel in pair if channel not in used)
        if free:
            yield free
