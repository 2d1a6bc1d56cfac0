"""A session that began with time to spare comes nearer while it plays: shorter hops first, which
nobody hears, then less time for steps; never while it records, and never back into what failed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from live_rig import RATE, VirtualSession, stream_spec
from mixer_support import largest_step
from test_live_positions import delayed

from rtsep.live_session.messages import DeviceReady, ModelReady
from rtsep.live_session.nearing import PATIENCE, TRIAL_SECONDS, WORTH, Nearing
from rtsep.live_session.retuning import Reserves, Retuning
from rtsep.live_session.spec import as_long, latency_parts
from rtsep.live_session.timing import Timing, hop_seconds

BUDGET = 0.5
PER_SECOND = 0.15  # of audio that a step computes, seconds that it takes


HOPS = tuple(
    stream_spec(window=1.0, hop=n * 1024 / RATE, mode="incremental", wider=4) for n in (2, 4, 8)
)
BEGUN = Timing(spec=HOPS[-1], budget=BUDGET)


def changes(nearing: Nearing, seconds: float = 400.0) -> list[Timing]:
    """What it says to steps that cost what they compute."""
    found, timing, at = [], BEGUN, 0.0
    while at < seconds:
        took = PER_SECOND * timing.spec.refresh / RATE
        changed = nearing.heed(took, took, may_jump=True)
        at += hop_seconds(timing.spec)
        if changed:
            found.append(changed)
            timing = changed
    return found


def total(timing: Timing) -> float:
    assert timing.budget is not None
    return timing.spec.latency_samples / RATE + timing.budget


def test_first_the_hop_at_the_same_latency_then_the_time_of_a_step() -> None:
    """Steps for 186, 93 and 46 ms take 59, 45 and 38 ms: the last is too much."""
    found = changes(Nearing(BEGUN, HOPS[:-1]))
    assert [timing.spec for timing in found] == [HOPS[1], HOPS[1]]
    assert total(found[0]) == pytest.approx(total(BEGUN))
    assert found[1].budget == pytest.approx(hop_seconds(HOPS[1]))


def test_a_hop_that_does_not_hold_is_left_again_at_the_same_latency() -> None:
    """Most of what a step costs may not depend on what it computes."""
    nearing = Nearing(BEGUN, HOPS[:-1])
    for _ in range(math.ceil(TRIAL_SECONDS / hop_seconds(BEGUN.spec))):
        shorter = nearing.heed(0.078, 0.078, may_jump=True)
    assert shorter and shorter.spec == HOPS[1]
    back = None
    while back is None:
        back = nearing.heed(0.078, 0.078, may_jump=True)
    assert back.spec == BEGUN.spec
    assert back.budget == pytest.approx(BUDGET)
    for _ in range(300):
        later = nearing.heed(0.078, 0.078, may_jump=True)
        assert later is None or later.spec == BEGUN.spec


def test_an_answer_that_took_long_once_is_allowed_for() -> None:
    nearing = Nearing(BEGUN, ())
    hop = hop_seconds(BEGUN.spec)
    seconds, unseen = PATIENCE[0]
    count = math.ceil(seconds / hop)
    found = [nearing.heed(0.03, 0.08 if n == 7 else 0.03, may_jump=True) for n in range(count)]
    (changed,) = filter(None, found)
    assert changed.budget == pytest.approx(0.03 + unseen * 0.05)


def test_after_a_jump_there_is_no_way_back_to_a_longer_hop() -> None:
    """It would need the time that was given away."""
    nearing = Nearing(BEGUN, HOPS[:-1])
    found: list[Timing] = []
    while len(found) < 2:  # a shorter hop, then less time
        found += filter(None, [nearing.heed(0.05, 0.05, may_jump=True)])
    assert found[1].spec == HOPS[1] and found[1].budget == pytest.approx(hop_seconds(HOPS[1]))
    slow = [nearing.heed(0.09, 0.09, may_jump=True) for _ in range(1000)]
    assert not any(slow)


def test_little_is_not_worth_a_jump() -> None:
    tight = Timing(spec=BEGUN.spec, budget=hop_seconds(BEGUN.spec) + 0.9 * WORTH)
    nearing = Nearing(tight, ())
    assert not any(nearing.heed(0.03, 0.03, may_jump=True) for _ in range(3000))


def test_no_jump_without_leave() -> None:
    nearing = Nearing(BEGUN, ())
    assert not any(nearing.heed(0.03, 0.03, may_jump=False) for _ in range(300))
    assert nearing.heed(0.03, 0.03, may_jump=True)


def test_an_engine_that_was_late_again_and_again_comes_no_nearer() -> None:
    each = Retuning(BEGUN, Reserves(shorter=HOPS[:-1]), adapts=True, nears=True)
    hop = hop_seconds(BEGUN.spec)
    apart = math.ceil(1.1 / hop)
    late = [each.heed(0.03, 0.2 * (n % apart == 0), 0.03) for n in range(4 * apart)]
    (changed,) = filter(None, late)
    assert changed.reason and changed.reason.startswith("steps were late")
    assert not any(each.heed(0.03, 0.0, 0.03) for _ in range(3000))


def test_a_session_comes_nearer_without_a_click() -> None:
    """The stems stay where they belong, and at unity all is the delayed input."""
    at = np.arange(30 * RATE) / RATE
    audio = np.stack([np.sin(2 * np.pi * hertz * at) for hertz in (90, 110)]).astype(np.float32)
    session = nearing_session()
    before = session.delay
    played = session.run(audio)
    assert [change.reason for change in session.changes] == [None, None, "steps need less time"]
    assert [timing.spec for timing in session.timings] == [HOPS[1], HOPS[0], HOPS[0]]
    budget = session.timings[-1].budget
    assert budget is not None and budget < BUDGET
    assert session.delay < before - WORTH * RATE
    assert session.shared.counters.misses[0] == session.shared.counters.concealed[0] == 0
    calm = 28 * RATE
    np.testing.assert_allclose(
        played[:, calm:], delayed(audio, session.delay)[:, calm:], rtol=0, atol=1e-4
    )
    assert largest_step(played) < 2 * largest_step(audio)


def test_a_take_has_no_gap() -> None:
    """It stays as far away as it is while it is recorded."""
    session = nearing_session()
    session.shared.control.recording[0] = True
    before = session.delay
    session.run(np.zeros((2, 32 * RATE), np.float32))
    assert session.timings and session.delay == before


def nearing_session() -> VirtualSession:
    session = VirtualSession(
        HOPS[-1], budget=BUDGET, reserves=Reserves(shorter=HOPS[:-1]), adapts=True, nears=True
    )
    session.slow_engine(step_samples=2 * 256)
    return session


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_latency_that_stays_is_declared_to_the_sample(rate: int) -> None:
    """Hop and budget are rounded each by itself."""
    device = DeviceReady(
        input="", output="", rate=rate, blocksize=256, longest_block=256, latency=()
    )
    model = ModelReady(
        name="", device="cpu", executor="eager", stems=("a",), channels=2, spec=HOPS[-1],
        step_seconds=0.0,
    )  # fmt: skip
    before = latency_parts(model, device, BUDGET)
    for spec in HOPS:
        budget = BUDGET + hop_seconds(HOPS[-1]) - hop_seconds(spec)
        shorter = ModelReady(**{**vars(model), "spec": spec})
        after = as_long(latency_parts(shorter, device, budget), before)
        assert sum(part.samples for part in after) == sum(part.samples for part in before)
        assert [part.name for part in after] == [part.name for part in before]
