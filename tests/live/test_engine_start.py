"""The first hop of a session costs no more than later ones: the engine has heard silence before."""

from __future__ import annotations

import pytest
import torch
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.look import make_ready

FRAME = 1024


def stream(mode: str) -> HopStream:
    spec = StreamSpec(
        window=14 * FRAME, hop=2 * FRAME, lookahead=FRAME, crossfade=512, frame=FRAME,
        sample_rate=44_100, mode=mode, refresh=8 * FRAME if mode == "incremental" else 0,
    )  # fmt: skip
    return HopStream(small_bag(), spec, batch=1, device=torch.device("cpu"))


def test_an_exact_stream_is_new() -> None:
    """Every step of it costs the same, so that a session equals a file from the first sample on."""
    used, fresh = stream("exact"), stream("exact")
    assert all(0 < seconds < 10 for seconds in make_ready(used))
    for hop in torch.randn(3, 1, 2, used.spec.hop) * 0.1:
        assert torch.equal(used.step(hop), fresh.step(hop))


def test_an_incremental_stream_has_heard_silence() -> None:
    """As much of it as leaves no trace of the stream's empty beginning."""
    used, long_silent = stream("incremental"), stream("incremental")
    make_ready(used)
    silence = torch.zeros(1, 2, used.spec.hop)
    for _ in range(40):
        long_silent.step(silence)
    assert used._step.steady
    for hop in torch.randn(3, 1, 2, used.spec.hop) * 0.1:
        # Positions of the tokens differ, so that the two are alike and not equal.
        expected = long_silent.step(hop).clone()
        error = (used.step(hop) - expected).square().mean()
        assert error < 1e-3 * expected.square().mean()


@pytest.mark.parametrize("mode", ["exact", "incremental"])
def test_silence_stays_silent(mode: str) -> None:
    used = stream(mode)
    make_ready(used)
    assert used.step(torch.zeros(1, 2, used.spec.hop)).abs().max() < 1e-3
