"""Stalls, crashes and slow machines: counted, covered by the policy, without a click, and over
when they are over. Everything in one process, in time that is counted in samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from live_rig import RATE, BandNetwork, VirtualSession, music, stream_spec
from test_live_positions import db, delayed
from torch import Tensor

from rtsep.mixer.desk import Desk

STEMS = BandNetwork().stems
STALL = range(RATE, RATE + RATE // 2)  # half a second


def stalled(position: int) -> bool:
    return position in STALL


def muted_vocals(session: VirtualSession, policy: str = "hold") -> None:
    desk = Desk(STEMS, session.shared.control)
    desk.set_mute("vocals", True)
    desk.set_policy(policy)
    session.new_callback(settle=True)


def largest_step(audio: np.ndarray) -> float:
    return float(np.abs(np.diff(audio)).max())


@pytest.mark.parametrize("policy", ["hold", "dry", "silence"])
@pytest.mark.parametrize("block", [64, 256, 1000])
def test_a_stall_is_covered_and_over_when_it_is_over(policy: str, block: int) -> None:
    audio = music(3.0)
    calm, hit = (VirtualSession(block=block) for _ in range(2))
    muted_vocals(calm)
    muted_vocals(hit, policy)
    expected, played = calm.run(audio), hit.run(audio, stalled=stalled)
    counters, hop = hit.shared.counters, hit.spec.hop
    # Heard is the stall, shortened by what had been made before and lengthened by what of a hop
    # was left; one gap, and no stem is missing anywhere else.
    assert counters.gaps[0] == 1
    assert abs(counters.concealed[0] - len(STALL)) <= 2 * hop
    assert counters.misses[0] >= len(STALL) // hop - 1
    differs = np.flatnonzero(np.abs(played - expected).max(0) > 1e-4)
    assert differs[0] >= STALL.start
    assert differs[-1] < STALL.stop + hit.delay + hop
    # The crossfade adds at most a whole level difference over its 64 samples.
    assert largest_step(played) < largest_step(expected) + largest_step(audio) + 2 / 64


def test_hold_keeps_the_balance() -> None:
    """A muted vocal must not come back because the engine is late."""
    audio, session = music(3.0), VirtualSession()
    muted_vocals(session)
    played = session.run(audio, stalled=stalled)
    middle = slice(STALL.start + RATE // 4, STALL.stop)
    at = np.arange(RATE * 3) / RATE

    def level(signal: np.ndarray, frequency: float) -> float:
        wave = np.exp(-2j * np.pi * frequency * at[middle])
        return float(20 * np.log10(abs(np.mean(signal[0, middle] * wave)) + 1e-9))

    dry = delayed(audio, session.delay)
    assert level(played, 5000) < level(dry, 5000) - 20  # in the vocals' band
    assert level(played, 440) > level(dry, 440) - 1


def test_stems_that_are_no_numbers_do_not_change_the_balance() -> None:
    audio, session = music(3.0), VirtualSession()
    muted_vocals(session)
    step = session.engine._hops.step

    def broken(block: Tensor) -> Tensor:
        return step(block) * (torch.nan if session._at in STALL else 1.0)

    session.engine._hops.step = broken  # type: ignore[method-assign]
    played = session.run(audio)
    assert abs(session.shared.counters.concealed[0] - len(STALL)) <= 2 * session.spec.hop
    middle, wave = slice(STALL.start + RATE // 4, STALL.stop), np.arange(RATE * 3) / RATE
    vocals = np.exp(-2j * np.pi * 5000 * wave[middle])
    dry = delayed(audio, session.delay)
    back = abs(np.mean(played[0, middle] * vocals)) / abs(np.mean(dry[0, middle] * vocals))
    assert 20 * np.log10(back) < -20


def test_at_unity_a_stall_cannot_be_heard_at_all() -> None:
    audio, session = music(2.5), VirtualSession()
    played = session.run(audio, stalled=stalled)
    assert session.shared.counters.concealed[0] > 0
    assert db(played - delayed(audio, session.delay)) < -120


def test_silence_is_silent_and_dry_is_the_input() -> None:
    audio = music(3.0)
    for policy in ("silence", "dry"):
        session = VirtualSession()
        muted_vocals(session, policy)
        played = session.run(audio, stalled=stalled)
        inside = slice(STALL.start + RATE // 4, STALL.stop)
        expected = delayed(audio, session.delay) * (policy == "dry")
        assert db((played - expected)[:, inside]) < -120


def test_a_stall_longer_than_the_ring_remembers() -> None:
    audio, session = music(12.0), VirtualSession()
    muted_vocals(session)
    calm = VirtualSession()
    muted_vocals(calm)
    long = range(RATE, 7 * RATE)
    assert len(long) > session.layout.ring_samples
    played = session.run(audio, stalled=lambda position: position in long)
    expected = calm.run(audio)
    settled = long.stop + session.delay + session.spec.window
    assert db((played - expected)[:, settled:]) < -40  # the hops lie elsewhere, no more
    assert np.abs(played).max() < 1


def test_a_new_engine_takes_over_where_the_old_one_died() -> None:
    audio, session = music(3.0), VirtualSession()
    muted_vocals(session)

    def before(position: int) -> None:
        if STALL.stop <= position < STALL.stop + session.block:
            session.new_engine()

    played = session.run(audio, stalled=stalled, before=before)
    calm = VirtualSession()
    muted_vocals(calm)
    settled = STALL.stop + session.delay + session.spec.hop
    assert session.shared.counters.gaps[0] == 1
    assert db((played - calm.run(audio))[:, settled:]) < -40
    assert largest_step(played) < 2 * largest_step(audio) + 2 / 64


def test_an_engine_that_is_back_at_once_does_not_shift_the_stems() -> None:
    """Its hops begin elsewhere, and of the first one its predecessor has made a part already."""
    audio, session, calm = music(7.0), VirtualSession(budget=None), VirtualSession(budget=None)
    muted_vocals(session)
    muted_vocals(calm)
    lost = 256 * (11 * RATE // 2 // 256)

    def before(position: int) -> None:
        if position == lost:
            session.new_engine()

    played = session.run(audio, before=before)
    assert session.shared.input.readable()[0] > 0  # the new one could not begin where the old did
    assert db((played - calm.run(audio))[:, lost + 2 * session.delay :]) < -40


def test_a_new_audio_process_fades_in_where_the_old_one_stopped() -> None:
    audio, session = music(2.5), VirtualSession(block=256)
    lost = 256 * 200

    def before(position: int) -> None:
        if position == lost:
            session.new_callback()

    played = session.run(audio, before=before)
    expected = delayed(audio, session.delay)
    assert not played[:, lost].any() or np.abs(played[:, lost]).max() < 0.01
    assert db((played - expected)[:, lost + RATE // 4 :]) < -120
    assert session.shared.tape.since == 0  # nothing is missing in a recording
    assert session.shared.counters.callbacks[0] == -(-audio.shape[1] // 256)


def test_an_engine_that_is_too_slow_leaves_out_hops_and_is_in_time_with_others() -> None:
    """Every step takes as long as one and a half hops: two thirds of them can be had."""
    hop = stream_spec().hop
    audio, session = music(8.0), VirtualSession(budget=2 * hop / RATE)
    session.slow_engine(3 * hop // 2)
    session.run(audio)
    share = 1 - session.shared.counters.concealed[0] / audio.shape[1]
    assert session.shared.counters.skipped[0] > 0
    assert 0.5 < share < 0.7


def test_a_wrong_guess_of_the_step_time_does_not_starve_the_stems() -> None:
    audio, session = music(4.0), VirtualSession(budget=None)
    session.new_engine(typical_seconds=5.0)
    session.run(audio)
    counters = session.shared.counters
    assert counters.skipped[0] > 10 and counters.steps[0] > 1
    before = int(counters.skipped[0])
    session.run(audio)
    assert counters.skipped[0] == before  # it has learnt


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_stalls_at_unity_is_the_input(seed: int) -> None:
    rng = np.random.default_rng(seed)
    audio, session = music(5.0), VirtualSession(block=int(rng.integers(32, 700)))
    bounds = np.sort(rng.integers(0, audio.shape[1], 14)).reshape(7, 2)

    def now(position: int) -> bool:
        return any(start <= position < stop for start, stop in bounds)

    played = session.run(audio, stalled=now)
    assert session.shared.counters.gaps[0] > 0
    assert db(played - delayed(audio, session.delay)) < -120
