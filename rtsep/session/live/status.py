"""Figures of a running session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtsep.status import LiveStatus

if TYPE_CHECKING:
    from rtsep.session.live.session import LiveSession


def status_of(session: LiveSession) -> LiveStatus:
    """Everything that the shared memory knows about it."""
    shared, counters, spec = session.shared, session.shared.counters, session.model.spec
    return LiveStatus(
        state=session.state,
        model=session.model.name,
        compute=session.model.device,
        input=session.device.input,
        output=session.device.output,
        sample_rate=session.layout.rate,
        blocksize=session.device.blocksize,
        seconds=shared.input.head / session.layout.rate,
        latency=session.latency,
        input_level=shared.meters.input,
        stem_levels=shared.meters.stems,
        mix_level=shared.meters.mix,
        hop_ms=1000 * spec.hop / spec.sample_rate,
        step_ms=counters.step_times.milliseconds(),
        callback_ms=counters.callback_times.milliseconds(),
        steps=int(counters.steps[0]),
        misses=int(counters.misses[0]),
        concealed=int(counters.concealed[0]),
        callbacks=int(counters.callbacks[0]),
        underruns=int(counters.underruns[0]),
        xruns=int(counters.xruns[0]),
        sanitized=int(counters.sanitized[0]),
        limited=int(counters.limited[0]),
        engine_restarts=session.engine_restarts,
        device_losses=session.device_losses,
        recording=session.desk.recording,
        recorded_seconds=session.recorder.seconds,
        events=session.events.texts,
    )
