"""A desk and a status as a live session has them, without one."""

from __future__ import annotations

import math
from typing import Any

from rtsep.mixer.desk import Desk, local_desk
from rtsep.status import LatencyPart, Level, LiveStatus

STEMS = ("drums", "bass", "other", "vocals", "guitar", "piano")
RATE = 44100


def a_desk(stems: int = 4) -> Desk:
    return local_desk(STEMS[:stems])[0]


def a_level(peak_db: float) -> Level:
    return Level(peak_db=peak_db, rms_db=peak_db - 9)


def a_status(**changes: Any) -> LiveStatus:
    """Running for 1:01:01 with nothing wrong; `stem_levels` of four stems."""
    parts = {"device in": 256, "hop": 4096, "lookahead": 2048, "budget": 1442, "device out": 256}
    facts: dict[str, Any] = {
        "state": "running",
        "model": "htdemucs",
        "compute": "cpu",
        "input": "line in",
        "output": "speakers",
        "sample_rate": RATE,
        "blocksize": 256,
        "seconds": 3661.5,
        "latency": tuple(LatencyPart(name=name, samples=n) for name, n in parts.items()),
        "input_level": a_level(-4.0),
        "stem_levels": tuple(map(a_level, (-10.0, -20.0, -30.0, -math.inf))),
        "mix_level": a_level(-5.0),
        "hop_ms": 92.9,
        "step_ms": {"p50": 41.2, "p99": 52.8},
    }
    return LiveStatus(**(facts | changes))
