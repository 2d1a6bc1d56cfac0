"""What a live session tells when it is over, to a person and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rtsep.cli.common.figures import length, say, spec_dict
from rtsep.live_session.session import LiveSession


def tell(session: LiveSession, *, events: bool) -> None:
    """A few lines for a person; with `events`, unless those were shown already."""
    status = session.status()
    rate = status.sample_rate
    parts = " + ".join(
        f"{part.name} {1000 * part.samples / rate:.0f}" for part in status.latency if part.samples
    )
    say(
        f"{status.model} on {status.compute}: {status.seconds:.1f} s, {status.input} to "
        f"{status.output}, latency {status.latency_ms:.0f} ms ({parts})"
    )
    if times := status.step_ms:
        say(
            f"{status.steps} steps of {times['p50']:.0f} ms (p99 {times['p99']:.0f}) for hops of "
            f"{status.hop_ms:.0f} ms, {status.misses} late; "
            f"{1000 * status.concealed / rate:.0f} ms of audio concealed"
        )
    if (instant := status.instant) and (times := instant.hop_ms):
        say(
            f"the instant path: {instant.hops} hops of "
            f"{times['p50']:.1f} ms (p99.9 {times['p99.9']:.1f}), {instant.late} late; it knows "
            f"{instant.memory_seconds:.0f} s, which explain {100 * instant.fit:.0f} % of the sound"
        )
    if times := status.callback_ms:
        say(
            f"{status.callbacks} callbacks of {times['p50']:.2f} ms (p99.9 {times['p99.9']:.2f}), "
            f"{status.xruns} xruns"
        )
    if (measured := status.loudness).integrated > -math.inf:
        say(
            f"the mix: {measured.integrated:.1f} LUFS integrated, {measured.short_term_max:.1f} at "
            f"most for 3 s, true peak {measured.true_peak:.1f} dBTP"
        )
    for event in status.events if events else ():
        say(event)
    if session.recorder.files:
        say(f"written: {', '.join(map(str, session.recorder.files))}")


def as_dict(session: LiveSession) -> dict[str, Any]:
    """What --json prints: plain numbers and texts."""
    status, rate = session.status(), session.layout.rate
    return {
        "model": status.model,
        "device": status.compute,
        "executor": session.model.executor,
        "input": status.input,
        "output": status.output,
        "sample_rate": rate,
        "blocksize": status.blocksize,
        "stems": list(session.desk.stems),
        "spec": spec_dict(session.model.spec),
        "path": status.path,
        "latency": {
            **{part.name.replace(" ", "_"): length(part.samples, rate) for part in status.latency},
            "total": length(status.latency_samples, rate),
        },
        "steps": status.steps,
        "step_ms": status.step_ms,
        "deadline_misses": status.misses,
        "concealed": length(status.concealed, rate),
        "instant": status.instant and asdict(status.instant),
        "callbacks": status.callbacks,
        "callback_ms": status.callback_ms,
        "xruns": status.xruns,
        "engine_restarts": status.engine_restarts,
        "retunings": status.retunings,
        "device_losses": status.device_losses,
        "swaps": status.swaps,
        "sanitized": status.sanitized,
        "limited": status.limited,
        "loudness": {
            name: round(value, 2) if math.isfinite(value) else None  # JSON has no infinity
            for name, value in asdict(status.loudness).items()
        },
        "seconds": round(status.seconds, 3),
        "stopped_early": session.stopped_early,
        "files": [str(path) for path in session.recorder.files],
        "events": list(status.events),
    }
