"""What goes over the wire: meters as a few bytes, everything else as JSON. See docs/remote.md."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rtsep.control.text import printable
from rtsep.errors import ConfigError
from rtsep.status import Level, LiveStatus, Loudness, TransportStatus

VERSION = 1
LONGEST_MESSAGE = 4096  # bytes, of what a page may say at once
MOST_MOVES = 64  # in one message

_HEAD = struct.Struct("<BBxxI")  # version, number of levels, two unused bytes, number of the frame
_LEVEL = struct.Struct("<hh")  # peak and RMS, in hundredths of a dB
_SILENCE = -12_000
_LOUDEST = 12_000
NUMBERS = 1 << 32


def meters_frame(status: LiveStatus, number: int) -> bytes:
    """Levels of the input, the stems after their faders (none while loading) and the mix."""
    levels = (status.input_level, *status.stem_levels, status.mix_level)
    head = _HEAD.pack(VERSION, len(levels), number % NUMBERS)
    return head + b"".join(_LEVEL.pack(*_hundredths(level)) for level in levels)


def figures(status: LiveStatus) -> dict[str, Any]:
    """What is shown as text, and changes too often to be told as a change."""
    return {
        "state": status.state,
        "input": status.input,
        "output": status.output,
        "seconds": round(status.seconds, 1),
        "latency_ms": round(status.latency_ms, 1),
        "step_ms": round(status.step_ms.get("p99", 0.0), 1),
        "hop_ms": round(status.hop_ms, 1),
        "late": status.misses,
        "concealed_ms": round(1000 * status.concealed / status.sample_rate),
        "xruns": status.xruns,
        "limited": status.limited,
        "loudness": _loudness(status.loudness),
        "recorded_seconds": round(status.recorded_seconds, 1),
        **({"transport": transport(status.transport)} if status.transport else {}),
        "events": [printable(text)[:300] for text in status.events[-EVENTS:]],
    }


def transport(status: TransportStatus) -> dict[str, Any]:
    """Of what is heard now."""
    times = ("position", "length", "loop_in", "loop_out", "speed")
    return {
        "title": printable(status.title)[:120],
        **{name: getattr(status, name) for name in ("playing", "looping", "song", "songs")},
        **{name: round(getattr(status, name), 3) for name in times},
    }


EVENTS = 6  # the newest ones


def _loudness(loudness: Loudness) -> dict[str, float | None]:
    """JSON has no infinity: silence is null."""
    return {
        name: round(value, 1) if math.isfinite(value) else None
        for name, value in asdict(loudness).items()
    }


def facts(status: LiveStatus) -> dict[str, Any]:
    """What does not change."""
    names = ("model", "compute", "input", "output", "sample_rate")
    return {name: getattr(status, name) for name in names}


def written(**parts: Any) -> str:
    """A message of the parts that there are."""
    return json.dumps({"v": VERSION, **{name: part for name, part in parts.items() if part}})


def read_message(text: str) -> Mapping[str, Any]:
    """What a page says. Raises ConfigError for what is no such message."""
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"a message is an object of JSON, got {text!r:.60}") from error
    if not isinstance(message, dict):
        raise ConfigError(f"a message is an object of JSON, got {text!r:.60}")
    if message.get("v") != VERSION:
        raise ConfigError(
            f"this is version {VERSION} of the protocol, got {message.get('v')!r:.20}; "
            "load the page again"
        )
    return message


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _hundredths(level: Level) -> tuple[int, int]:
    peak, rms = (
        round(100 * min(max(db, _SILENCE / 100), _LOUDEST / 100))
        for db in (level.peak_db, level.rms_db)
    )
    return peak, rms
