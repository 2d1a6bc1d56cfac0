"""What the shared memory tells about a session, as figures of its status."""

from __future__ import annotations

from typing import Any

from rtsep.live_session.shared import Shared
from rtsep.status import InstantStatus


def counted(shared: Shared) -> dict[str, Any]:
    """Levels, times and counts, by their names in `LiveStatus`."""
    counters, meters = shared.counters, shared.meters
    names = ("steps", "misses", "concealed", "callbacks", "xruns", "sanitized", "limited")
    return {
        "input_level": meters.input,
        "stem_levels": meters.stems,
        "mix_level": meters.mix,
        "cue_level": shared.cue_meter.level,
        "step_ms": counters.step_times.milliseconds(),
        "callback_ms": counters.callback_times.milliseconds(),
        "instant": _instant(shared),
        **{name: int(getattr(counters, name)[0]) for name in names},
    }


def _instant(shared: Shared) -> InstantStatus | None:
    layout, counters = shared.layout, shared.counters
    if not layout.instant_delay:
        return None
    settings = layout.instant
    return InstantStatus(
        memory_seconds=round(int(counters.instant_frames[0]) * settings.hop / layout.rate, 1),
        fit=round(float(counters.instant_fit[0]), 3),
        hops=int(counters.instant_hops[0]),
        late=int(counters.instant_late[0]),
        hop_ms=counters.instant_times.milliseconds(),
    )
