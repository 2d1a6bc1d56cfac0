"""Streams that go over to another hop or refresh: not a sample is lost, and the memory goes on."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from music import mixture
from networks import small_bag, small_config

from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.network import IdentityNetwork, Network
from rtsep.metrics import sdr

FRAME = 1024
CPU = torch.device("cpu")
EXACT = StreamSpec(
    window=20 * FRAME, hop=2 * FRAME, lookahead=2 * FRAME, crossfade=512, frame=FRAME,
    sample_rate=44_100,
)  # fmt: skip
INCREMENTAL = dataclasses.replace(EXACT, mode="incremental", refresh=11 * FRAME)
BEFORE = 24 * FRAME  # samples that are separated with the first spec
MIX = torch.from_numpy(mixture(2.0))[None, :, : 84 * FRAME]


def hops(network: Network, spec: StreamSpec) -> HopStream:
    stream = HopStream(network, spec, batch=1, device=CPU)
    stream.fill()
    return stream


def steps(stream: HopStream, audio: torch.Tensor) -> torch.Tensor:
    """(stems, channels, n)"""
    made = [stream.step(block)[0].clone() for block in audio.split(stream.spec.hop, -1)]
    return torch.cat(made, -1)


def changed(network: Network, before: StreamSpec, after: StreamSpec) -> torch.Tensor:
    stream = hops(network, before)
    first = steps(stream, MIX[..., :BEFORE])
    stream.adopt(after)
    return torch.cat((first, steps(stream, MIX[..., BEFORE:])), -1)


@pytest.mark.parametrize("frames", [1, 4, 6, 12])
@pytest.mark.parametrize("before", [EXACT, INCREMENTAL])
def test_no_sample_is_lost(before: StreamSpec, frames: int) -> None:
    """Not even at the change: what came before it is still there for a longer hop."""
    made = changed(IdentityNetwork(small_config()), before, before.with_hop(frames * FRAME))
    delay = before.lookahead
    start = delay + 12 * FRAME  # the silence before the first sample has no spectrum
    late = MIX[0, :, start - delay : made.shape[-1] - delay]
    torch.testing.assert_close(made[0][:, start:], late, rtol=0, atol=2e-5)


@pytest.mark.parametrize("frames", [1, 4, 6])
def test_an_exact_stream_is_one_of_the_other_hop(frames: int) -> None:
    """From the first step on, but for what it blends with the one before."""
    bag, after = small_bag(), EXACT.with_hop(frames * FRAME)
    always = steps(hops(bag, after), MIX)[..., BEFORE + EXACT.crossfade :]
    since = changed(bag, EXACT, after)[..., BEFORE + EXACT.crossfade :]
    torch.testing.assert_close(since[..., -always.shape[-1] :], always, rtol=0, atol=1e-4)


@pytest.mark.parametrize("after", [INCREMENTAL.cheapest, INCREMENTAL.with_hop(4 * FRAME)])
def test_an_incremental_stream_goes_on_as_one_of_the_other_hop(after: StreamSpec) -> None:
    """Alike, since its memory is of frames that were computed in other company."""
    bag = small_bag()
    always = steps(hops(bag, after), MIX)
    since = changed(bag, INCREMENTAL, after)
    settled = slice(BEFORE + INCREMENTAL.window, None)
    assert sdr(always[..., settled].numpy(), since[..., settled].numpy()) > 30
