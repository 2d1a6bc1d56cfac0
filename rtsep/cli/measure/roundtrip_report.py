"""What a measured loop is told as: lines for a person, and JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from rtsep.cli.common.figures import length, say
from rtsep.measure.roundtrip.agreement import EXACT, Agreement
from rtsep.measure.roundtrip.burst import SECONDS
from rtsep.measure.roundtrip.takes import Passage, Roundtrip
from rtsep.status import LatencyPart

SMALLEST_CHANCE = -99  # decimal logarithm; less need nobody be told


def tell(found: Roundtrip) -> None:
    """A few lines for a person, without the problem."""
    device = found.device
    blocks = f"blocks of {device.blocksize}" if device.blocksize else "blocks of its own size"
    say(
        f"{device.output} round to {device.input}, {device.rate} Hz, {blocks}: "
        f"{found.search.repeats} bursts of {SECONDS:g} s at {found.search.level_db:g} dB"
    )
    if found.path is None:
        return
    _compare("device path", found.path, found.declared_path, found)
    if found.chain is not None:
        _compare("whole chain", found.chain, (*found.declared, *device.beyond), found)
    if found.stems is not None:
        said = found.stems.agreement
        _row("  in the stems", said.delay, found, f"their sum, {_agreed(said)}")
    _confide(found.path)
    for note in found.notes:
        say(f"note: {note}")


def _confide(path: Passage) -> None:
    sure = _confidence(path)
    noise = "no noise" if sure["snr_db"] is None else f"{sure['snr_db']:.0f} dB over the noise"
    chance = max(sure["chance_log10"], SMALLEST_CHANCE)
    say(
        f"{'confidence':15s} {sure['sigma']:9.0f} sigma   by chance at most 1e{chance:.0f}, next "
        f"peak {sure['second_peak_db']:.0f} dB, {noise}, loop gain {_gain(path):+.1f} dB"
    )


def _compare(
    name: str, passage: Passage, declared: Sequence[LatencyPart], found: Roundtrip
) -> None:
    said, total = passage.agreement, sum(part.samples for part in declared)
    ways = f"output {found.channel(passage.output, output=True)} to "
    ways += f"input {found.channel(passage.input, output=False)}"
    _row(name, said.delay, found, f"{ways}, {_agreed(said)}")
    parts = " + ".join(f"{part.name} {part.samples}" for part in declared if part.samples)
    _row("  declared", total, found, parts or "nothing")
    _row("  not declared", said.delay - total, found, "")


def _row(name: str, samples: float, found: Roundtrip, text: str) -> None:
    milliseconds = 1000 * samples / found.device.rate
    say(f"{name:15s} {samples:9.1f} samples {milliseconds:9.3f} ms   {text}".rstrip())


def _agreed(said: Agreement) -> str:
    exactly = " to the sample" if said.verdict == EXACT else ""
    return f"{said.agree} of {said.bursts} agree{exactly}, spread {said.most - said.least:.2f}"


def as_dict(found: Roundtrip) -> dict[str, Any]:
    """What --json prints: plain numbers and texts. No latency is named that is not sure."""
    device, rate = found.device, found.device.rate
    path = found.path
    return {
        "input": device.input,
        "output": device.output,
        "sample_rate": rate,
        "blocksize": device.blocksize,
        "bursts": found.search.repeats,
        "level_db": found.search.level_db,
        "device_path": path and _passage(found, path, found.declared_path),
        "other_ways": [_passage(found, way) for way in found.others],
        "whole_chain": found.chain
        and _passage(found, found.chain, (*found.declared, *device.beyond)),
        "stems": found.stems and _passage(found, found.stems),
        "blocks_lost": found.blocks_lost,
        "concealed": length(found.concealed, rate),
        "notes": list(found.notes),
        "problem": found.problem,
    }


def _passage(
    found: Roundtrip, passage: Passage, declared: Sequence[LatencyPart] | None = None
) -> dict[str, Any]:
    said, rate = passage.agreement, found.device.rate
    sure = said.verdict == EXACT
    told: dict[str, Any] = {
        "output": found.channel(passage.output, output=True),
        "input": found.channel(passage.input, output=False),
        "latency": length(said.samples, rate) if sure else None,
        "fraction": round(said.delay - said.samples, 3) if sure else None,
        "agreement": {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in dataclasses.asdict(said).items()
            if key != "delay"
        },
    }
    if passage.found:
        told |= {
            "gain_db": round(_gain(passage), 2),
            "inverted": passage.found[0].inverted,
            "confidence": _confidence(passage),
            "echoes": max(arrival.echoes for arrival in passage.found),
        }
    if declared is not None:
        total = sum(part.samples for part in declared)
        told["declared"] = {
            **{part.name.replace(" ", "_"): length(part.samples, rate) for part in declared},
            "total": length(total, rate),
        }
        told["not_declared"] = length(said.samples - total, rate) if sure else None
    return told


def _gain(passage: Passage) -> float:
    return float(np.median([arrival.gain_db for arrival in passage.found]))


def _confidence(passage: Passage) -> dict[str, Any]:
    """The least favourable of all bursts."""
    found = passage.found
    noises = [arrival.snr_db for arrival in found if arrival.snr_db is not None]
    return {
        "sigma": round(min(arrival.sigma for arrival in found), 1),
        "chance_log10": round(max(arrival.false_alarm for arrival in found), 1),
        "second_peak_db": round(max(arrival.second_db for arrival in found), 1),
        "snr_db": round(min(noises), 1) if noises else None,
    }
