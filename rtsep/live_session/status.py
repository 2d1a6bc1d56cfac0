"""What the shared memory tells about a session, as figures of its status."""

from __future__ import annotations

from typing import Any

from rtsep.live_session.shared import Shared


def counted(shared: Shared) -> dict[str, Any]:
    """Levels, times and counts, by their names in `LiveStatus`."""
    counters, meters = shared.counters, shared.meters
    names = ("steps", "misses", "concealed", "callbacks", "xruns", "sanitized", "limited")
    return {
        "input_level": meters.input,
        "stem_levels": meters.stems,
        "mix_level": meters.mix,
        "step_ms": counters.step_times.milliseconds(),
        "callback_ms": counters.callback_times.milliseconds(),
        **{name: int(getattr(counters, name)[0]) for name in names},
    }
