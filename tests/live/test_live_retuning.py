"""An engine that is late again and again goes over to what it can hold; one bad moment changes
nothing, and nobody is given more latency who has said how much there shall be."""

from __future__ import annotations

import numpy as np
import pytest
from live_rig import RATE, VirtualSession, music, stream_spec
from mixer_support import largest_step
from test_live_positions import delayed

from rtsep.config import MOST_LATENCY, PACE, StreamSpec
from rtsep.live_session.relief import Relief
from rtsep.live_session.retuning import Reserves, Retuning
from rtsep.live_session.timing import Timing, difference

HOP = 0.1
SPEC = stream_spec(mode="incremental", wider=3)  # hops of 93 ms
FRAME_SECONDS = SPEC.frame / SPEC.sample_rate
HOP_SECONDS = SPEC.hop / SPEC.sample_rate
LONGER = tuple(
    stream_spec(window=1.0, mode="incremental").with_hop(n * SPEC.frame) for n in (6, 8, 14)
)
WIDE = stream_spec(window=1.0, mode="incremental", wider=4)
RESERVES = Reserves(cheaper=(WIDE.cheapest,), longer=LONGER)


@pytest.mark.parametrize(
    ("missed", "reliefs"),
    [
        ([], 0),
        (range(60), 2),  # six seconds without a break
        (range(8), 0),  # one stall
        ([0, 160, 320, 480], 0),  # rarely
        ([0, 90, 180], 1),
        ([0, 90, 180, 270, 300], 1),  # time to show what it was worth
    ],
)
def test_when_relief_is_needed(missed: list[int] | range, reliefs: int) -> None:
    relief = Relief(HOP)
    assert sum(relief.needed(hop in missed) for hop in range(500)) == reliefs


def after_misses(retuning: Retuning, step: float, late: float = 0.01) -> Timing | None:
    """What it says when every second hop is late for as long as it takes."""
    for hop in range(400):
        changed = retuning.heed(step, late if hop % 2 else 0.0)
        if changed:
            return changed.timing
    return None


def retuning(reserves: Reserves = RESERVES, *, adapts: bool = True) -> Retuning:
    return Retuning(Timing(spec=WIDE, budget=0.1), reserves, adapts=adapts)


def test_first_cheaper_steps_then_a_longer_hop_then_more_time() -> None:
    each = retuning()
    assert after_misses(each, 0.9 * HOP_SECONDS) == Timing(spec=WIDE.cheapest, budget=0.1)
    hop = LONGER[0].hop / RATE
    assert after_misses(each, 0.9 * HOP_SECONDS) == Timing(spec=LONGER[0], budget=hop)
    more = after_misses(each, 0.5 * hop, late=0.04)
    assert more == Timing(spec=LONGER[0], budget=pytest.approx(hop + 0.04 / PACE))


def test_a_hop_that_would_not_do_is_passed_over() -> None:
    changed = after_misses(retuning(), 1.5 * HOP_SECONDS)
    assert changed and changed.spec == LONGER[1]


def test_a_hop_becomes_no_more_than_twice_as_long_at_once() -> None:
    each = retuning()
    changes = [after_misses(each, 100 * HOP_SECONDS) for _ in range(2)]
    assert [changed.spec if changed else None for changed in changes] == list(LONGER[1:])
    far = retuning(Reserves(longer=LONGER[2:]))  # nothing is nearer
    changed = after_misses(far, 100 * HOP_SECONDS)
    assert changed and changed.spec == LONGER[2]


def test_a_stall_among_misses_asks_for_no_more_than_a_hop() -> None:
    each = retuning(Reserves())
    changed = after_misses(each, 0.3 * HOP_SECONDS, late=5.0)
    assert changed == Timing(spec=WIDE, budget=pytest.approx(0.1 + HOP_SECONDS))


def test_a_hair_s_breadth_asks_for_a_frame() -> None:
    changed = after_misses(retuning(Reserves()), 0.3 * HOP_SECONDS, late=1e-4)
    assert changed == Timing(spec=WIDE, budget=pytest.approx(0.1 + FRAME_SECONDS))


def test_there_is_an_end_to_latency() -> None:
    each = retuning()
    changes = [changed for _ in range(60) if (changed := after_misses(each, 10.0, late=10.0))]
    last = changes[-1]
    assert len(changes) < 60
    assert last.budget and last.spec.latency_samples / RATE + last.budget <= MOST_LATENCY + 1e-9
    budgets = [each.budget or 0 for each in changes]
    assert budgets == sorted(budgets)


def test_latency_that_was_asked_for_stays() -> None:
    each = retuning(adapts=False)
    assert after_misses(each, 10.0) == Timing(spec=WIDE.cheapest, budget=0.1)
    assert after_misses(each, 10.0) is None


def test_steps_that_are_too_slow_from_the_start() -> None:
    assert retuning().check([0.5 * HOP_SECONDS] * 9) is None
    changed = retuning().check([1.3 * HOP_SECONDS] * 9)
    assert changed and changed.spec == LONGER[0]


def test_what_is_told() -> None:
    now = Timing(spec=WIDE, budget=0.1)
    assert difference(now, Timing(spec=LONGER[0], budget=0.2)) == "hops of 139 ms instead of 93 ms"
    assert "less of the past" in difference(now, Timing(spec=WIDE.cheapest, budget=0.1))
    assert "more time" in difference(now, Timing(spec=WIDE, budget=0.2))


def test_a_slow_engine_refreshes_less_and_the_stems_stay() -> None:
    """The network is local in time, so that less of it is no loss at all."""
    audio = music(12.0)
    session = VirtualSession(SPEC, reserves=Reserves(cheaper=(SPEC.cheapest,)))
    session.slow_engine(step_samples=SPEC.hop * 3 // 4)
    step = session.engine._hops._step
    session.run(audio)
    assert session.shared.counters.misses[0] > 3
    assert [timing.spec for timing in session.timings] == [SPEC.cheapest]
    assert step.spec == session.engine._hops.spec == SPEC.cheapest != SPEC


def test_a_stall_is_no_reason() -> None:
    audio = music(6.0)
    session = VirtualSession(SPEC, reserves=Reserves(cheaper=(SPEC.cheapest,)))
    played = session.run(audio, stalled=lambda at: RATE <= at < RATE * 3 // 2)
    assert session.shared.counters.misses[0] > 0
    assert not session.timings
    delay = session.delay
    np.testing.assert_allclose(
        played[:, 3 * RATE :], audio[:, 3 * RATE - delay : -delay], rtol=0, atol=1e-4
    )


def test_without_reserves_an_engine_goes_on_as_it_is() -> None:
    session = VirtualSession(stream_spec())
    session.slow_engine(step_samples=SPEC.hop * 3 // 4)
    session.run(music(6.0))
    assert session.shared.counters.misses[0] > 3
    assert not session.timings


@pytest.mark.parametrize("mode", ["exact", "incremental"])
@pytest.mark.parametrize("block", [256, 441])
def test_a_longer_hop_ends_the_misses(mode: str, block: int) -> None:
    """Steps that take as long as a hop cannot be in time; with a longer hop all are, the stems are
    what they would have been, later, and nothing clicks on the way there."""
    spec = stream_spec(window=1.0, mode=mode).cheapest
    longer = spec.with_hop(2 * spec.hop)
    at = np.arange(12 * RATE) / RATE
    audio = np.stack([np.sin(2 * np.pi * hertz * at) for hertz in (90, 110)]).astype(np.float32)
    session = slow_session(spec, Reserves(longer=(longer,)), block)
    before = session.delay
    played = session.run(audio)
    assert [timing.spec for timing in session.timings][:1] == [longer]
    assert session.delay >= before + longer.hop - spec.hop
    calm = 8 * RATE
    np.testing.assert_allclose(
        played[:, calm:], delayed(audio, session.delay)[:, calm:], rtol=0, atol=1e-4
    )
    assert largest_step(played) < 2 * largest_step(audio)


def slow_session(spec: StreamSpec, reserves: Reserves, block: int = 256) -> VirtualSession:
    session = VirtualSession(
        spec, block=block, budget=spec.hop / RATE, reserves=reserves, adapts=True
    )
    session.slow_engine(step_samples=spec.hop * 5 // 4)
    return session


def test_the_tape_has_every_position_once() -> None:
    """What is heard twice when the delay becomes longer is recorded once, with its input."""
    spec = stream_spec(window=1.0).cheapest
    audio = music(9.0)
    session = slow_session(spec, Reserves(longer=(spec.with_hop(2 * spec.hop),)))
    tape, pieces = session.shared.tape, []

    def collect(at: int) -> None:
        have = sum(piece.shape[1] for piece in pieces)
        piece = np.zeros((tape.channels, tape.head - have), np.float32)
        assert tape.read_into(have, piece) == (0, piece.shape[1])
        pieces.append(piece)

    session.run(audio, before=collect)
    assert session.timings
    taped = np.concatenate(pieces, 1)
    assert np.array_equal(taped[-2:], audio[:, : taped.shape[1]])  # the input
    stems, mix = taped[:-4].reshape(4, 2, -1), taped[-4:-2]
    rough = np.abs(mix - audio[:, : taped.shape[1]]).max(0) > 1e-4
    assert np.count_nonzero(rough) <= 64 * len(session.timings)  # where it leads over
    assert max(largest_step(stem) for stem in (*stems, mix)) < 1.5 * largest_step(audio)


def test_a_successor_plays_with_the_delay_of_now() -> None:
    spec = stream_spec(window=1.0).cheapest
    audio = music(10.0)
    session = slow_session(spec, Reserves(longer=(spec.with_hop(2 * spec.hop),)))
    lost_at = 7 * RATE // 256 * 256

    def lose(at: int) -> None:
        if at == lost_at:
            assert session.timings
            session.new_callback(settle=True)

    played = session.run(audio, before=lose)
    after = 8 * RATE
    np.testing.assert_allclose(
        played[:, after:], delayed(audio, session.delay)[:, after:], rtol=0, atol=1e-4
    )
