"""Incremental streams: exact while nothing was left out, near to exact ever after."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gaps import with_and_without_gaps
from music import mixture, stempeg_stems
from networks import small_bag, small_config

from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.network import IdentityNetwork
from rtsep.engine.separator import Separator
from rtsep.engine.stream import Stream
from rtsep.errors import ConfigError
from rtsep.metrics import sdr
from rtsep.model.bag import Bag
from rtsep.model.past import ENCODED_BEFORE

FRAME, RATE = 1024, 44100
CPU = torch.device("cpu")


def spec(window: int = 30, hop: int = 2, lookahead: int = 2, refresh: int = 9) -> StreamSpec:
    """All in frames."""
    return StreamSpec(
        window=window * FRAME,
        hop=hop * FRAME,
        lookahead=lookahead * FRAME,
        crossfade=512 if lookahead else 0,
        frame=FRAME,
        sample_rate=RATE,
        mode="incremental",
        refresh=refresh * FRAME,
    )


@pytest.fixture(scope="module")
def bag() -> Bag:
    return small_bag()


@pytest.mark.parametrize(("hop", "lookahead"), [(1, 2), (2, 2), (3, 5), (8, 2)])
def test_a_delayed_copy_through_the_identity(hop: int, lookahead: int) -> None:
    """Both paths, spectrum and waveform, line up with the input to the sample."""
    network = IdentityNetwork(small_config())
    shape = spec(hop=hop, lookahead=lookahead, refresh=hop + lookahead + 3)
    mix = mixture(2.0)[:, : 40 * FRAME]
    out = Stream(network, shape).process(mix)
    delay = shape.latency_samples
    settled = delay + shape.refresh  # a window shorter than a frame of the STFT has no spectrum
    got, expected = out[0][:, settled:], mix[:, settled - delay : -delay]
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-5)
    assert not out[0][:, :delay].any()


@torch.inference_mode()
def test_young_streams_are_exact(bag: Bag) -> None:
    """As long as all that came is computed anew, a step equals the network on all that came."""
    shape = spec(refresh=12 + ENCODED_BEFORE)
    mix = torch.from_numpy(mixture(2.0))[None, :, : 12 * FRAME]
    hops = HopStream(bag, shape, batch=1, device=CPU)
    for stop in range(shape.hop, mix.shape[-1] + 1, shape.hop):
        out = hops.step(mix[..., stop - shape.hop : stop])
        heard = mix[..., :stop]
        whole = bag.separate(heard, bag.stft(heard), slice(None))
        whole += (heard - whole.sum(1))[:, None] / whole.shape[1]
        first = stop - shape.hop - shape.lookahead
        new = slice(shape.crossfade, None)  # the beginning is blended with the step before
        if first >= 0:
            expected = whole[..., first : first + shape.hop]
            torch.testing.assert_close(out[..., new], expected[..., new], rtol=0, atol=1e-5)


def test_stems_sum_to_the_input(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 60 * FRAME]
    shape = spec()
    out = Stream(bag, shape).process(mix).sum(0)
    delay = shape.latency_samples
    np.testing.assert_allclose(out[:, delay:], mix[:, :-delay], rtol=0, atol=1e-5)


def test_block_sizes_make_no_difference(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 50 * FRAME]
    at_once = Stream(bag, spec()).process(mix)
    stream = Stream(bag, spec())
    pieces = [stream.process(piece) for piece in np.array_split(mix, 37, 1)]
    np.testing.assert_array_equal(np.concatenate(pieces, 1 + 1), at_once)


def test_a_reset_stream_is_a_new_one(bag: Bag) -> None:
    mix = mixture(2.0)[:, : 50 * FRAME]
    stream = Stream(bag, spec())
    first = stream.process(mix)
    stream.reset()
    np.testing.assert_array_equal(stream.process(mix), first)


def test_batches_are_independent_streams(bag: Bag) -> None:
    a, b = mixture(2.0)[:, : 40 * FRAME], mixture(2.0, 3.0)[:, : 40 * FRAME]
    both = Stream(bag, spec(), batch=2).process(np.stack((a, b)))
    for single, out in zip((a, b), both, strict=True):
        np.testing.assert_allclose(Stream(bag, spec()).process(single), out, rtol=0, atol=1e-5)


@pytest.mark.parametrize("skipped", [{1}, {25, 26}, set(range(30, 50))])
def test_after_a_gap_the_stream_finds_back(bag: Bag, skipped: set[int]) -> None:
    """A skipped hop leaves nothing behind once a window has passed."""
    shape = spec(window=10)
    torch.manual_seed(3)
    hops = torch.randn(70, 1, 2, shape.hop) * 0.1
    straight, gappy = (HopStream(bag, shape, batch=1, device=CPU) for _ in range(2))
    *_, (_, expected, stems) = with_and_without_gaps(straight, gappy, hops, skipped)
    assert stems.isfinite().all()
    # The oldest audio that still counts left its trace in what the trace of older audio made of it,
    # so that the gap fades like an echo.
    assert sdr(expected.numpy(), stems.numpy()) > 40


def test_a_filled_stream_is_steady_and_has_forgotten(bag: Bag) -> None:
    shape = spec(window=10)
    used, fresh = (HopStream(bag, shape, batch=1, device=CPU) for _ in range(2))
    sound = torch.rand(4, 1, 2, shape.hop) - 0.5
    used.step(sound[0])
    for stream in (used, fresh):
        stream.fill()
        assert not stream.step(sound[0]).isnan().any()
        assert stream._step.steady
    for block in sound[1:]:
        assert torch.equal(used.step(block), fresh.step(block))


def test_precise_enough_on_music(separator: Separator) -> None:
    """Within 0.5 dB of exact mode; `bench/incremental.py` measures whole songs."""
    stems = stempeg_stems()
    truth = np.stack([stems[name] for name in separator.stems])[..., : 3 * RATE]
    mix = truth.sum(0)
    scores = {}
    for mode in ("exact", "incremental"):
        stream = separator.stream(window=1.0, hop=0.186, lookahead=0.046, mode=mode)
        out = np.concatenate((stream.process(mix), stream.flush()), -1)
        out = out[..., stream.latency_samples :]
        scores[mode] = np.mean([sdr(t, e) for t, e in zip(truth, out, strict=True)])
    assert scores["incremental"] > scores["exact"] - 0.5


def test_the_first_second_after_a_fill_is_as_good_as_a_young_stream(separator: Separator) -> None:
    """A live session begins with a fill, and so does what follows a gap; a file begins young."""
    stems = stempeg_stems()
    truth = np.stack([stems[name] for name in separator.stems])[..., RATE : 2 * RATE]
    hops = separator.hops(separator.spec(window=2.0, hop=0.07, lookahead=0.046))
    shape = hops.spec
    mix = torch.from_numpy(np.pad(truth.sum(0), ((0, 0), (0, 2 * shape.hop))))[None]
    scores = {}
    for begin in (hops.reset, hops.fill):
        begin()
        blocks = mix.split(shape.hop, -1)[: RATE // shape.hop + 1]
        out = torch.cat([hops.step(block).clone() for block in blocks], -1)[0].numpy()
        out = out[..., shape.lookahead :]
        heard = truth[..., : out.shape[-1]]
        scores[begin.__name__] = np.mean(
            [sdr(t, e[..., : t.shape[-1]]) for t, e in zip(heard, out, strict=True)]
        )
    assert scores["fill"] > scores["reset"] - 1


@pytest.mark.parametrize("refresh", [0.1, 3.0])
def test_refresh_must_fit(bag: Bag, refresh: float) -> None:
    separator = Separator("small", bag, CPU)
    with pytest.raises(
        ConfigError, match=r"refresh must be whole frames of 1024 samples, at least"
    ):
        separator.stream(
            window=2.0, hop=0.186, lookahead=0.046, mode="incremental", refresh=refresh
        )
