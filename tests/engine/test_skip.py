"""A hop that is skipped costs its own stems and one crossfade, and nothing else."""

from __future__ import annotations

import pytest
import torch
from gaps import with_and_without_gaps
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream

FRAME = 1024


@pytest.mark.parametrize("skipped", [{2}, {5, 6}, {0, 1, 2}, set(range(7))])
def test_the_step_after_a_gap_is_what_it_would_have_been(skipped: set[int]) -> None:
    spec = StreamSpec(
        window=8 * FRAME, hop=2 * FRAME, lookahead=FRAME, crossfade=512, frame=FRAME,
        sample_rate=44_100,
    )  # fmt: skip
    torch.manual_seed(3)
    hops = torch.randn(9, 1, 2, spec.hop) * 0.1
    bag = small_bag()
    straight, gappy = (HopStream(bag, spec, batch=1, device=torch.device("cpu")) for _ in range(2))
    for number, expected, stems in with_and_without_gaps(straight, gappy, hops, skipped):
        after_a_gap = number - 1 in skipped
        exact = slice(spec.crossfade if after_a_gap else 0, None)
        torch.testing.assert_close(stems[..., exact], expected[..., exact], rtol=0, atol=1e-5)
        if after_a_gap and number > 3:
            assert not torch.allclose(stems, expected, atol=1e-5)  # there was nothing to blend


def test_reset_forgets_a_gap() -> None:
    spec = StreamSpec(
        window=4 * FRAME, hop=FRAME, lookahead=FRAME, crossfade=512, frame=FRAME, sample_rate=44_100
    )
    bag = small_bag()
    used, fresh = (HopStream(bag, spec, batch=1, device=torch.device("cpu")) for _ in range(2))
    hop = torch.randn(1, 2, FRAME) * 0.1
    used.step(hop)
    used.skip(hop)
    used.reset()
    for _ in range(3):
        assert torch.equal(used.step(hop), fresh.step(hop))
