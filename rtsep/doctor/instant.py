"""Whether the instant path has its frames done in time here. Asked in a process of its own, when
all others have answered."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from rtsep.doctor.outcome import Outcome, advise, ok
from rtsep.instant.path import RESOLUTION, InstantPath
from rtsep.instant.settings import InstantSettings
from rtsep.live_session.instant_process import one_thread
from rtsep.live_session.spec import INSTANT_COMPUTE
from rtsep.processes.priority import before_all_others

_FRAMES = 500
_SETTINGS = InstantSettings(stems=4, channels=2, sample_rate=44_100)


@dataclass(frozen=True, kw_only=True)
class InstantFacts:
    """Seconds that a frame takes with a full memory: half of them, and 99 of 100."""

    p50: float
    p99: float


def measure() -> InstantFacts:
    """Some seconds of noise through the path, which learns meanwhile, on one thread and with the
    priority that it has in a session."""
    before_all_others()
    one_thread()
    path, rng = InstantPath(_SETTINGS), np.random.default_rng(0)
    path.warm_up()
    spectra = rng.random((_SETTINGS.stems, 2 * RESOLUTION), np.float32)
    for moment in range(_SETTINGS.capacity):
        path.memory.write(rng.standard_normal(path.memory.key_size, np.float32), spectra, moment)
    shape = (_SETTINGS.stems, _SETTINGS.channels, _SETTINGS.hop)
    stems = 0.1 * rng.standard_normal(shape, np.float32)
    took = []
    for _ in range(_FRAMES):
        began = time.perf_counter()
        path.learn(path.position - _SETTINGS.hop, stems)
        path.process(stems.sum(0))
        took.append(time.perf_counter() - began)
    return InstantFacts(p50=float(np.percentile(took, 50)), p99=float(np.percentile(took, 99)))


def frames(facts: InstantFacts) -> Outcome:
    """Whether they take no longer than the latency has in it."""
    most = 1000 * INSTANT_COMPUTE
    told = f"a frame takes {1000 * facts.p50:.1f} ms, 99 of 100 at most {1000 * facts.p99:.1f}"
    if facts.p99 < INSTANT_COMPUTE:
        return ok(f"{told}, of {most:.0f}")
    return advise(
        f"{told}; it has {most:.0f}",
        "end other programs; else leave --latency instant and --on-late instant out",
        "frames that come later are made up from the last balance",
    )
