"""What is computed from a stretch and its past is what is computed from the whole signal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from rtsep.model.conv import Conv
from rtsep.model.past import ENCODED_BEFORE, NORM_FRAMES, NOTHING, Memory, Recent

HOP, FRAMES, WINDOW, PERIOD, STEPS = 2, 5, 12, 14, 11
CPU = torch.device("cpu")


class Stream:
    """A signal of so many positions per frame, heard hop by hop."""

    def __init__(self, per_frame: int = 1, channels: int = 3) -> None:
        torch.manual_seed(5)
        self.per_frame = per_frame
        self.signal = torch.randn(1, channels, 1, HOP * STEPS * per_frame)
        self.memory = Memory(window=WINDOW, hop=HOP, period=PERIOD)

    def steps(self, frames: int = FRAMES) -> Iterator[tuple[Recent, int]]:
        """A past for each step, and how many frames have come by then."""
        before = self.memory.received
        for _ in range(STEPS):
            self.memory.hear_hop()
            received = self.memory.received
            yield Recent(self.memory, frames, received, CPU), received - before

    def heard(self, frames: int, stop: int) -> Tensor:
        """The last `frames` frames before frame `stop`."""
        return self.signal[..., max(stop - frames, 0) * self.per_frame : stop * self.per_frame]


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("per_frame", [1, 4])
def test_convolutions_see_what_came_before(dilation: int, per_frame: int) -> None:
    conv = Conv(3, 2, (1, 3), padding=(0, dilation), dilation=(1, dilation))
    stream = Stream(per_frame)
    for past, stop in stream.steps():
        (got,) = past.conv(stream.heard(FRAMES, stop), 3, conv)
        expected = conv(stream.heard(stop, stop))[..., -got.shape[-1] :]
        torch.testing.assert_close(got, expected)


def test_all_that_is_around() -> None:
    asks = nn.Identity()
    stream = Stream()
    for past, stop in stream.steps():
        got = past.around(asks, stream.heard(FRAMES, stop), 3, 2)
        known = NOTHING.around(asks, stream.heard(stop, stop), 3, 2)
        assert torch.equal(got, known[..., -got.shape[3] :])
        assert not known[..., [0, 1, -2, -1]].any()


def test_strided_convolutions_too() -> None:
    conv = Conv(3, 2, (1, 8), (1, 4), (0, 2))
    stream = Stream(per_frame=8)
    for past, stop in stream.steps():
        (got,) = past.conv(stream.heard(FRAMES, stop), 3, conv)
        expected = conv(stream.heard(stop, stop))[..., -got.shape[-1] :]
        torch.testing.assert_close(got, expected)


def test_transposed_convolutions_too() -> None:
    conv = nn.ConvTranspose2d(3, 2, (1, 8), (1, 4), (0, 2))
    stream = Stream(per_frame=2)
    for past, stop in stream.steps():
        got = past.conv_tr(stream.heard(FRAMES, stop), conv)
        expected = conv(stream.heard(stop, stop))[..., -got.shape[-1] :]
        torch.testing.assert_close(got, expected)


def test_convolutions_across_time_need_no_past() -> None:
    conv = Conv(3, 2, (3, 1), padding=(1, 0))
    stream = Stream()
    for past, stop in stream.steps():
        x = stream.heard(FRAMES, stop)
        assert torch.equal(past.conv(x, 3, conv)[0], conv(x))


@pytest.mark.parametrize("per_frame", [1, 4])
def test_moments_are_those_of_the_window(per_frame: int) -> None:
    asks = nn.Identity()
    stream = Stream(per_frame, channels=1)
    for past, stop in stream.steps():
        x = stream.heard(FRAMES, stop)
        mean, variance = past.moments(asks, torch.stack((x, x.square())), 3)
        window = stream.heard(WINDOW, stop)
        torch.testing.assert_close(mean, window.mean(3, keepdim=True))
        torch.testing.assert_close(variance, window.var(3, correction=0, keepdim=True))


@pytest.mark.parametrize("frames", [8 * FRAMES, NORM_FRAMES + 3])
def test_moments_span_no_more_than_helps(frames: int) -> None:
    asks = nn.Identity()
    stream = Stream(per_frame=8, channels=1)  # as one channel of so many frames
    stream.per_frame, stream.memory = 1, Memory(window=80, hop=8 * HOP, period=PERIOD)
    for past, stop in stream.steps(frames):
        x = stream.heard(frames, stop)
        mean, _ = past.moments(asks, torch.stack((x, x.square())), 3)
        window = stream.heard(NORM_FRAMES, stop)
        torch.testing.assert_close(mean, window.mean(3, keepdim=True))


def test_moments_after_a_fill_are_those_of_what_came() -> None:
    """And of the silent frames that the first step computes with it."""
    asks = nn.Identity()
    stream = Stream(channels=1)
    stream.memory.fill()
    before = torch.zeros(1, 1, 1, FRAMES - HOP)
    for past, stop in stream.steps():
        known = torch.cat((before, stream.heard(stop, stop)), 3)[..., -WINDOW:]
        x = known[..., -FRAMES:]
        mean, variance = past.moments(asks, torch.stack((x, x.square())), 3)
        torch.testing.assert_close(mean, known.mean(3, keepdim=True))
        torch.testing.assert_close(variance, known.var(3, correction=0, keepdim=True))


@pytest.mark.parametrize("per_frame", [1, 4])
def test_what_is_not_computed_anew_is_remembered(per_frame: int) -> None:
    asks = nn.Identity()
    stream = Stream(per_frame)
    for past, stop in stream.steps():
        everything = stream.heard(FRAMES, stop)
        newest = past.encoders.fit(asks, everything, 3, past)
        assert torch.equal(newest, stream.heard(FRAMES - ENCODED_BEFORE, stop))
        assert torch.equal(past.fit(asks, newest, 3, past.encoders), everything)


def test_after_a_gap_what_was_heard_before_stands_for_it() -> None:
    """Silence would be no better for this step, and would be remembered as what was heard."""
    asks = nn.Identity()
    stream = Stream()
    for past, stop in stream.steps():
        newest = past.encoders.fit(asks, stream.heard(FRAMES, stop), 3, past)
        past.fit(asks, newest, 3, past.encoders)
    before = [tensor.clone() for tensor in stream.memory._older.values()]
    stream.memory.skip()
    after = list(stream.memory._older.values())
    assert before and all(map(torch.equal, before, after)) and all(each.any() for each in after)


def test_tokens_are_those_of_the_window() -> None:
    asks = nn.Identity()
    stream = Stream(per_frame=3)
    for past, stop in stream.steps():
        x = stream.heard(FRAMES, stop).transpose(2, 3)
        window = stream.heard(WINDOW, stop).transpose(2, 3)
        got = past.tokens(asks, x)
        assert torch.equal(got.sort(2).values, window.sort(2).values)


def test_positions_count_on_and_around() -> None:
    table = torch.arange(PERIOD * 2.0)[:, None]
    stream = Stream(per_frame=2)
    for past, stop in stream.steps():
        frames = range(max(stop - FRAMES, 0), stop)
        expected = [2 * (frame % PERIOD) + part for frame in frames for part in (0, 1)]
        assert past.positions(table, 2 * len(frames)).flatten().tolist() == expected


def test_batch_items_keep_apart() -> None:
    conv = Conv(3, 2, (1, 3), padding=(0, 1))
    stream = Stream()
    stream.signal = torch.cat((stream.signal, 2 * stream.signal))
    for past, stop in stream.steps():
        (got,) = past.conv(stream.heard(FRAMES, stop), 3, conv)
        expected = conv(stream.heard(stop, stop))[..., -got.shape[-1] :]
        torch.testing.assert_close(got, expected)


def test_nothing_before_is_the_module_itself() -> None:
    conv = Conv(3, 2, (1, 3), padding=(0, 1))
    x = torch.randn(1, 3, 1, 9)
    assert torch.equal(NOTHING.conv(x, 3, conv)[0], conv(x))


def test_a_reset_memory_is_a_new_one() -> None:
    conv = Conv(3, 2, (1, 3), padding=(0, 1))
    stream = Stream()
    before = [past.conv(stream.heard(FRAMES, stop), 3, conv)[0] for past, stop in stream.steps()]
    stream.memory.reset()
    after = [past.conv(stream.heard(FRAMES, stop), 3, conv)[0] for past, stop in stream.steps()]
    assert all(map(torch.equal, before, after))
