"""An engine that is late again and again does with less; one bad moment changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from live_rig import RATE, VirtualSession, music, stream_spec

from rtsep.session.live.relief import Relief

HOP = 0.1


@pytest.mark.parametrize(
    ("missed", "reliefs"),
    [
        ([], 0),
        (range(60), 2),  # six seconds without a break
        (range(8), 0),  # one stall
        ([0, 60, 120, 180], 0),  # rarely
        ([0, 30, 60], 1),
        ([0, 30, 60, 90, 99], 1),  # time to show what it was worth
    ],
)
def test_when_relief_is_needed(missed: list[int] | range, reliefs: int) -> None:
    relief = Relief(HOP)
    assert sum(relief.needed(hop in missed) for hop in range(200)) == reliefs


def test_a_slow_engine_refreshes_less_and_the_stems_stay() -> None:
    """The network is local in time, so that less of it is no loss at all."""
    spec = stream_spec(mode="incremental")
    audio, session = music(12.0), VirtualSession(spec)
    session.slow_engine(step_samples=spec.hop * 3 // 4)
    step = session.engine._hops._step
    session.run(audio)
    counters = session.shared.counters
    assert counters.misses[0] > 3
    assert counters.spared[0] == 1
    assert step.spec == session.engine._hops.spec == spec.spared != spec


def test_a_stall_is_no_reason() -> None:
    audio, session = music(6.0), VirtualSession(stream_spec(mode="incremental"))
    played = session.run(audio, stalled=lambda at: RATE <= at < RATE * 3 // 2)
    assert session.shared.counters.misses[0] > 0
    assert session.shared.counters.spared[0] == 0
    delay = session.delay
    np.testing.assert_allclose(
        played[:, 3 * RATE :], audio[:, 3 * RATE - delay : -delay], rtol=0, atol=1e-4
    )


def test_an_exact_engine_has_nothing_to_spare() -> None:
    spec = stream_spec()
    session = VirtualSession(spec)
    session.slow_engine(step_samples=spec.hop * 3 // 4)
    session.run(music(6.0))
    assert session.shared.counters.misses[0] > 3
    assert session.shared.counters.spared[0] == 0
