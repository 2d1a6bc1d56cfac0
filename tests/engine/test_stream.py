"""Streaming equals recomputing every window offline, whatever the block sizes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from music import mixture
from networks import small_bag, small_config

from rtsep.config import StreamSpec
from rtsep.engine.exact import fill_window
from rtsep.engine.network import IdentityNetwork, Network
from rtsep.engine.stream import Stream
from rtsep.errors import ConfigError
from rtsep.model.bag import Bag

FRAME = 1024
RATE = 44100


def spec(
    window: int = 16, hop: int = 2, lookahead: int = 2, crossfade: int = FRAME // 2
) -> StreamSpec:
    """Lengths in frames, the crossfade in samples."""
    return StreamSpec(
        window=window * FRAME,
        hop=hop * FRAME,
        lookahead=lookahead * FRAME,
        crossfade=crossfade,
        frame=FRAME,
        sample_rate=RATE,
    )


@pytest.fixture(scope="module")
def bag() -> Bag:
    return small_bag()


@torch.inference_mode()
def offline(network: Network, spec: StreamSpec, mix: np.ndarray) -> np.ndarray:
    """What a stream must return for `mix`: every window cut out, padded and separated anew."""
    audio = torch.from_numpy(mix)[None]
    out = torch.zeros(len(network.stems), *mix.shape)
    before = torch.zeros(len(network.stems), len(mix), spec.crossfade)
    fade = torch.linspace(0, 1, spec.crossfade + 2)[1:-1]
    for stop in range(spec.hop, mix.shape[1], spec.hop):
        received = min(stop, spec.window)
        history = torch.nn.functional.pad(audio, (spec.window, 0))[..., stop : stop + spec.window]
        window = fill_window(history, received)
        everything = network.separate(window, network.stft(window), slice(None))[0]
        everything += (window[0] - everything.sum(0)) / len(everything)
        everything[..., : spec.window - received] = 0
        first = spec.window - spec.lookahead - spec.hop
        stems = everything[..., first : first + spec.hop].clone()
        stems[..., : spec.crossfade] *= fade
        stems[..., : spec.crossfade] += (1 - fade) * before
        before = everything[..., first + spec.hop : first + spec.hop + spec.crossfade]
        due = out[..., stop : stop + spec.hop]
        due.copy_(stems[..., : due.shape[-1]])
    return out.numpy()


def streamed(stream: Stream, mix: np.ndarray, sizes: Iterable[int]) -> np.ndarray:
    """The output of blocks of these sizes, over and over; stops with the end of `mix`."""
    pieces, at, cycle = [], 0, list(sizes)
    while at < mix.shape[1]:
        for size in cycle:
            block = mix[:, at : at + size]
            piece = stream.process(block)
            assert piece.shape[-1] == block.shape[1]
            pieces.append(piece)
            at += block.shape[1]
    return np.concatenate(pieces, -1)


@pytest.mark.parametrize("sizes", [[1], [63], [64], [65], [1000], [1024], [44100], [7, 0, 3000]])
def test_block_sizes(bag: Bag, sizes: list[int]) -> None:
    mix = mixture(2.0)[:, : 24 * FRAME]
    got = streamed(Stream(bag, spec()), mix, sizes)
    np.testing.assert_allclose(got, offline(bag, spec(), mix), rtol=0, atol=1e-5)


@given(st.lists(st.integers(0, 5000), min_size=1).filter(any))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_block_sizes_make_no_difference(bag: Bag, sizes: list[int]) -> None:
    mix = mixture(2.0)[:, : 8 * FRAME]
    at_once = Stream(bag, spec(8)).process(mix)
    np.testing.assert_array_equal(streamed(Stream(bag, spec(8)), mix, sizes), at_once)


@pytest.mark.parametrize(
    "shape",
    [
        spec(12, 1, 1),
        spec(12, 1, 0, crossfade=0),
        spec(5, 3, 2),
        spec(6, 1, 5, crossfade=100),
        spec(4, 4, 0, crossfade=0),
        spec(40, 4, 2, crossfade=FRAME),
    ],
    ids=lambda s: f"{s.window // FRAME}-{s.hop // FRAME}-{s.lookahead // FRAME}",
)
def test_shapes_of_the_stream(bag: Bag, shape: StreamSpec) -> None:
    """Including windows so short that every frame sees an edge."""
    mix = mixture(2.0)[:, : shape.window + 4 * shape.hop]
    got = Stream(bag, shape).process(mix)
    np.testing.assert_allclose(got, offline(bag, shape, mix), rtol=0, atol=1e-5)


def test_magnitude_networks_stream_too() -> None:
    bag = small_bag(cac=False)
    mix = mixture(2.0)[:, : 20 * FRAME]
    got = Stream(bag, spec()).process(mix)
    np.testing.assert_allclose(got, offline(bag, spec(), mix), rtol=0, atol=1e-5)


def test_official_weights(separator: object) -> None:
    """A second of real music through the real network, past the moment the window is full."""
    bag: Bag = separator._bag  # type: ignore[attr-defined]
    shape = spec(24, 8, 2)
    mix = mixture(2.0)[:, : 48 * FRAME]
    got = streamed(Stream(bag, shape), mix, [1000])
    np.testing.assert_allclose(got, offline(bag, shape, mix), rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [spec(), spec(12, 1, 0, 0), spec(30, 5, 9, 777)])
@pytest.mark.parametrize("at", [0, 1, 5000, 50_001])
def test_declared_latency_is_where_an_impulse_comes_out(shape: StreamSpec, at: int) -> None:
    stream = Stream(IdentityNetwork(small_config()), shape)
    mix = np.zeros((2, 60_000), np.float32)
    mix[:, at] = 1
    out = np.concatenate((stream.process(mix), stream.flush()), -1)
    assert out.shape[-1] == mix.shape[-1] + stream.latency_samples
    expected = np.pad(mix, ((0, 0), (stream.latency_samples, 0)))
    np.testing.assert_allclose(out.sum(0), expected, rtol=0, atol=1e-6)
    assert np.abs(out[0, 0]).argmax() == at + stream.latency_samples
    if shape.lookahead >= 2 * FRAME:  # nearer to the edge the ISTFT lacks frames
        np.testing.assert_allclose(out[0], expected, rtol=0, atol=1e-3)  # lacks the Nyquist bin


@pytest.mark.parametrize("hop", [1, 4])
def test_hop_boundaries_are_inaudible(hop: int) -> None:
    """A steady tone through a network that returns its input has no sidebands at the hop rate."""
    stream = Stream(IdentityNetwork(small_config()), spec(16, hop, 2))
    samples = 4 * 44_032
    frequency = 2001 * RATE / (samples // 2)  # a whole number of cycles in what is looked at
    tone = np.sin(2 * np.pi * frequency / RATE * np.arange(samples)).astype(np.float32)
    out = stream.process(np.stack((tone, tone)))[0, 0, samples // 2 :]
    window = np.blackman(out.size)
    level = 20 * np.log10(np.abs(np.fft.rfft(out * window)) / window.sum() * 2 + 1e-12)
    frequencies = np.fft.rfftfreq(out.size, 1 / RATE)
    elsewhere = np.abs(frequencies - frequency) > 5
    assert level[~elsewhere].max() == pytest.approx(0, abs=0.1)
    assert level[elsewhere].max() < -115


def test_stems_null_against_the_delayed_input(bag: Bag) -> None:
    stream = Stream(bag, spec())
    mix = mixture(0.0, 2.0)
    mix /= np.abs(mix).max()
    out = np.concatenate((stream.process(mix), stream.flush()), -1)[..., stream.latency_samples :]
    assert 20 * np.log10(np.abs(out.sum(0) - mix).max()) < -120
    assert np.abs(out[0]).max() > 0.01  # and not because all but one are silent
    assert np.abs(out[1]).max() > 0.01


def test_reset_equals_fresh(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 20 * FRAME]
    stream = Stream(bag, spec())
    first = stream.process(mix)
    stream.process(mix[:, :777])
    stream.reset()
    np.testing.assert_array_equal(stream.process(mix), first)


def test_streams_on_one_network_do_not_mix(bag: Bag) -> None:
    one, two = mixture(1.0)[:, : 12 * FRAME], mixture(3.0)[:, : 12 * FRAME]
    alone = Stream(bag, spec(8)).process(one)
    first, second = Stream(bag, spec(8)), Stream(bag, spec(8))
    pieces = []
    for at in range(0, one.shape[1], 1500):
        pieces.append(first.process(one[:, at : at + 1500]))
        second.process(two[:, at : at + 1500])
    np.testing.assert_array_equal(np.concatenate(pieces, -1), alone)


def test_a_batch_equals_its_streams(bag: Bag) -> None:
    both = np.stack([mixture(at)[:, : 12 * FRAME] for at in (1.0, 3.0)])
    together = Stream(bag, spec(8), batch=2).process(both)
    for signal, stems in zip(both, together, strict=True):
        np.testing.assert_allclose(Stream(bag, spec(8)).process(signal), stems, rtol=0, atol=1e-5)


def test_the_kind_of_array_comes_back(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 3 * FRAME]
    stream = Stream(bag, spec(8))
    as_numpy, tail = stream.process(mix), stream.flush()
    assert isinstance(as_numpy, np.ndarray) and as_numpy.dtype == np.float32
    assert isinstance(tail, np.ndarray)
    stream.reset()
    as_torch, tail = stream.process(torch.from_numpy(mix)), stream.flush()
    assert isinstance(as_torch, torch.Tensor) and isinstance(tail, torch.Tensor)
    np.testing.assert_array_equal(as_torch.numpy(), as_numpy)
    assert Stream(bag, spec(8)).process(mix.astype(np.float64)).dtype == np.float32


def test_broken_samples_become_silence_and_are_counted(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 20 * FRAME]
    broken, silenced = mix.copy(), mix.copy()
    broken[0, 5000:5010], broken[1, 9000] = np.nan, np.inf
    silenced[0, 5000:5010], silenced[1, 9000] = 0, 0
    stream = Stream(bag, spec())
    got = stream.process(broken)
    assert stream.sanitized == 11
    np.testing.assert_array_equal(got, Stream(bag, spec()).process(silenced))


@pytest.mark.parametrize(
    "block", [np.zeros((1, 64), np.float32), np.zeros(64), np.zeros((2, 9), int)]
)
def test_blocks_of_another_shape_or_kind_are_refused(bag: Bag, block: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=r"floating point of shape \(2, n\), got"):
        Stream(bag, spec()).process(block)


def test_silence_stays_silent_and_finite(bag: Bag) -> None:
    out = Stream(bag, spec()).process(np.zeros((2, 20 * FRAME), np.float32))
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out.sum(0), 0, atol=1e-6)
