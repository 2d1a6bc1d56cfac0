"""What a measured loop says about cables, rooms and devices: sentences for a person."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rtsep.audio.routes import channel_names
from rtsep.live_session.messages import DeviceReady
from rtsep.live_session.probed import INPUT
from rtsep.measure.roundtrip.agreement import DRIFTS, EXACT, LOST, VARIES, Agreement
from rtsep.measure.roundtrip.correlate import power_in_band
from rtsep.measure.roundtrip.takes import CLIPPED, Passage, Roundtrip, Search, Take

SILENT_DB = -70.0
_MONITORS = ("monitor", "loopback")


def clipping(takes: Sequence[Take], device: DeviceReady, search: Search) -> str | None:
    """A sentence if the input is at full scale."""
    clipped = max(take.clipped for take in takes)
    if clipped < CLIPPED:
        return None
    return (
        f"the input clips: {clipped} samples of {_inputs(device)} are at full scale; turn the gain "
        f"there down, or play the bursts softer than --level {search.level_db:g}"
    )


def absence(takes: Sequence[Take], device: DeviceReady, search: Search) -> str:
    """Why no burst was found: nothing comes, noise, or too much else."""
    heard = np.concatenate([take.heard[INPUT] for take in takes], axis=1).astype(np.float64)
    if not heard.any():
        return (
            f"nothing comes back: {_inputs(device)} is digital silence while "
            f"{_outputs(device)} plays; connect the two, and look for a mute, another input, or a "
            "permission for the microphone"
        )
    power = max(power_in_band(side, device.rate) for side in heard)
    level = 10 * math.log10(max(power, 1e-24))
    if level <= SILENT_DB:
        return (
            f"nothing comes back: {_inputs(device)} has only noise of {level:.0f} dB of full scale "
            f"while {_outputs(device)} plays; check cables, mutes and gains"
        )
    return (
        f"no burst can be told from the other sound at {_inputs(device)}, {level:.0f} dB of full "
        f"scale: check the cable, stop what else plays, or raise --level {search.level_db:g}"
    )


def elsewhere(device: DeviceReady, channels: tuple[int, ...]) -> str:
    """The burst was found on other channels."""
    names = channel_names(channels)
    return (
        f"the bursts come back on input {names} of {device.input}, not on "
        f"{channel_names(device.input_channels)}: give --input-channels {names}, or move the cable"
    )


def disagreement(found: Roundtrip) -> str | None:
    """Why no latency is claimed to the sample, or None if it is."""
    assert found.path is not None
    problem = _unsettled(found.path.agreement, "the loop", found)
    if problem or found.chain is None:
        return problem
    problem = _unsettled(found.chain.agreement, "the mix", found)
    if found.stems is not None:
        problem = problem or _unsettled(found.stems.agreement, "the stems", found)
    if problem:
        return problem
    inside = found.chain.agreement.samples - found.path.agreement.samples
    if inside != found.inside:
        return (
            f"inside rtsep the sound takes {inside} samples and not the declared {found.inside}; "
            "this is a bug in rtsep"
        )
    return None


def _unsettled(said: Agreement, where: str, found: Roundtrip) -> str | None:
    if said.verdict == EXACT:
        return None
    if said.verdict == LOST:
        return (
            f"only {said.found} of {said.bursts} bursts were found in {where}, so no latency is "
            f"claimed; raise --level {found.search.level_db:g}, or stop what disturbs "
            f"({found.blocks_lost} blocks were lost)"
        )
    span = f"from {said.least:.1f} to {said.most:.1f} samples"
    if said.verdict == DRIFTS:
        return (
            f"the latency of {where} drifts by {said.drift_ppm:+.1f} ppm, {span}: input and output "
            "run on two clocks; use one device for both, and the same rate everywhere"
        )
    assert said.verdict == VARIES, said
    return (
        f"the latency of {where} is not the same for every burst: {span}, {said.agree} of "
        f"{said.bursts} agree, {found.blocks_lost} blocks were lost; none is claimed to the "
        "sample: take a larger --blocksize (on JACK a longer period) or --buffer high, and stop "
        "other programs"
    )


def remarks(found: Roundtrip) -> tuple[str, ...]:
    """What is worth knowing and no problem."""
    assert found.path is not None
    device = found.device
    notes = list(device.notes)
    if any(word in device.input.casefold() for word in _MONITORS):
        notes.append(
            f"{device.input} is what the system plays, heard inside it: no device is measured"
        )
    notes += _ways(found, [found.path, *found.others])
    if found.path.found[0].inverted:
        notes.append("the polarity is inverted on the way")
    if echoes := max(arrival.echoes for arrival in found.path.found):
        notes.append(f"{echoes} echoes or more follow; the latency is that of the direct sound")
    if found.blocks_lost:
        notes.append(f"the device lost {found.blocks_lost} blocks meanwhile")
    if found.concealed:
        notes.append(
            f"the engine was late: {1000 * found.concealed / device.rate:.0f} ms were covered by "
            "the policy, at the same latency"
        )
    if found.chain is not None and found.stems is None:
        notes.append("the stems were late in nearly all bursts, so nothing was measured in them")
    notes += _correction(found)
    return tuple(notes)


def _correction(found: Roundtrip) -> list[str]:
    """How a JACK server can be told what it does not know of its sound card."""
    device = found.device
    if found.path is None or {device.input, device.output} != {"JACK: system"}:
        return []
    missing = found.path.agreement.samples - sum(part.samples for part in found.declared_path)
    if missing < 2:
        return []
    half = missing // 2
    return [f"jackd declares the missing part if it is started with -I {half} -O {missing - half}"]


def _ways(found: Roundtrip, ways: list[Passage]) -> list[str]:
    """Which output is heard where, if that is not left on left and right on right."""
    notes = []
    for side in range(min(len(found.device.output_channels), 2)):
        output = found.channel(side, output=True)
        inputs = sorted(
            found.channel(way.input, output=False) for way in ways if way.output == side
        )
        if not inputs:
            notes.append(f"output {output} does not come back")
        elif inputs != [
            found.channel(min(side, len(found.device.input_channels) - 1), output=False)
        ]:
            notes.append(f"output {output} comes back on input {' and '.join(map(str, inputs))}")
    return notes


def _inputs(device: DeviceReady) -> str:
    return f"input {channel_names(device.input_channels)} of {device.input}"


def _outputs(device: DeviceReady) -> str:
    return f"output {channel_names(device.output_channels)} of {device.output}"
