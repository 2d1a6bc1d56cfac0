"""What a network knows of the audio before the stretch that it is given.

The modules of the network are written once. Wherever one of them looks along time it asks a past:
`NOTHING`, for a window that stands alone, or the `Recent` frames of a `Memory`, for the newest
frames of a stream whose older frames were computed before. Frames are those of the STFT; other
tensors have a whole number of positions per frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from rtsep.model.conv import Convolution, convolved

# Of the frames that a step computes, how many of the oldest the encoders need not see anew: what
# they made of them does not change any more. The time decoder needs all but the oldest, which only
# the spectrum's wide frames reach.
ENCODED_BEFORE = 2
DECODED_BEFORE = 1
# Of the window, how much norms span: 1.5 s. What is older helps them less than it harms
# (bench/SPEED.md).
NORM_FRAMES = 65


class Past(Protocol):
    """Time runs along `axis`. What is remembered is remembered for the module that asks."""

    @property
    def encoders(self) -> Past:
        """What the encoders know, if that is of fewer frames."""
        ...

    @property
    def time_decoder(self) -> Past:
        """Likewise the time decoder."""
        ...

    def fit(self, asks: nn.Module, x: Tensor, axis: int, of: Past) -> Tensor:
        """x, which has the frames of another past, with those of this one: without the oldest ones,
        or with older ones before it as they were when they were computed last."""
        ...

    def conv(
        self, x: Tensor, axis: int, *convs: Convolution, joined: bool = False
    ) -> Sequence[Tensor]:
        """Each of `convs`, all of one shape, on x with the past before it and zeros behind; or all
        of them `joined` in one convolution, whose outputs lie side by side."""
        ...

    def conv_tr(self, x: Tensor, conv: nn.ConvTranspose2d) -> Tensor:
        """A strided transposed convolution along the last axis, likewise."""
        ...

    def around(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        """x with so many columns of the past before it and as many zeros behind."""
        ...

    def moments(self, asks: nn.Module, each: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Mean and variance over all of time, from mean and mean square (2, ...) at each position.

        The axis is counted without the one that has length 2.
        """
        ...

    def tokens(self, asks: nn.Module, x: Tensor) -> Tensor:
        """x (b, heads, tokens, width) and all tokens before it, in no order."""
        ...

    def positions(self, table: Tensor, tokens: int) -> Tensor:
        """The rows of `table` (positions, width) that belong to so many tokens."""
        ...


class _Nothing:
    """A window with nothing before it."""

    @property
    def encoders(self) -> Past:
        return self

    @property
    def time_decoder(self) -> Past:
        return self

    def fit(self, asks: nn.Module, x: Tensor, axis: int, of: Past) -> Tensor:
        return x

    def conv(
        self, x: Tensor, axis: int, *convs: Convolution, joined: bool = False
    ) -> Sequence[Tensor]:
        return convolved(x, convs, convs[0].padding, joined)

    def conv_tr(self, x: Tensor, conv: nn.ConvTranspose2d) -> Tensor:
        y: Tensor = conv(x)
        return y

    def around(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        zeros = _zeros(x, axis, count)
        return torch.cat((zeros, x, zeros), axis)

    def moments(self, asks: nn.Module, each: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        return over(axis, each)

    def tokens(self, asks: nn.Module, x: Tensor) -> Tensor:
        return x

    def positions(self, table: Tensor, tokens: int) -> Tensor:
        return table[:tokens]


NOTHING = _Nothing()


class Memory:
    """What a stream left behind in a network: tensors of fixed size, written in place.

    Remembered are, for each module that looks along time, the few columns to the left of the
    frames that are computed next; for each attention, keys and values of the tokens of the last
    `window` frames; for each norm, mean and mean square of each of the last `norms` frames.
    Positions of tokens count on and wrap around at `period` frames, the longest stretch the network
    was trained on.
    """

    def __init__(self, *, window: int, hop: int, period: int) -> None:
        """All in frames. A step brings `hop` of them."""
        self.window, self.hop, self.period = window, hop, period
        self.norms = min(window, NORM_FRAMES)
        self.received = 0
        self._unheard = 0  # of them, those that norms have nothing of
        self._columns: dict[nn.Module, Tensor] = {}
        self._older: dict[nn.Module, Tensor] = {}
        self._rings: dict[nn.Module, Tensor] = {}

    def reset(self) -> None:
        """Back to the state of a new stream."""
        self.received = self._unheard = 0
        for tensor in self.tensors():
            tensor.zero_()

    def hear_hop(self) -> None:
        """A hop came that is computed next."""
        self.received += self.hop

    def fill(self) -> None:
        """After a reset: as if a window came that left nothing to norms, and zeros otherwise."""
        self.received = self._unheard = -(-self.window // self.hop) * self.hop

    def count_like(self, other: Memory) -> None:
        """Go on at the frame where another one is, whose tensors are copied apart."""
        self.received, self._unheard = other.received, other._unheard

    def tensors(self) -> list[Tensor]:
        """All that is remembered, in the order in which it was first asked for."""
        return [*self._columns.values(), *self._older.values(), *self._rings.values()]

    def skip(self) -> None:
        """A hop came that is not computed. What it would have left is missing ever after."""
        if self.received < self.window:
            self.reset()  # the rings would have a hole that was never written
            return
        self.received += self.hop
        self._unheard += self.hop
        self.forget_columns()

    def forget_columns(self) -> None:
        """What lies before the next frames to be computed is not what was foreseen."""
        for tensor in self._columns.values():
            tensor.zero_()

    def heard(self, frames: int) -> int:
        """How many frames norms know, if steps compute so many."""
        unheard = max(self._unheard - (frames - self.hop), 0)  # a step computes older ones too
        return min(self.norms, max(self.received - unheard, 1))  # 1 before the first step

    def older(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        """As `columns`, but after a hop that is not computed they stand for those that are not
        there: silence would be remembered for as long as a window."""
        if asks not in self._older:
            self._older[asks] = _zeros(x, axis, count)
        return self._older[asks]

    def columns(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        """The `count` columns before x, to be read and overwritten."""
        if asks not in self._columns:
            self._columns[asks] = _zeros(x, axis, count)
        return self._columns[asks]

    def ring(self, asks: nn.Module, x: Tensor, axis: int, frames: int) -> Tensor:
        """The last `frames` frames of something of which x is one or more."""
        if asks not in self._rings:
            self._rings[asks] = _zeros(x, axis, frames)
        return self._rings[asks]


class Recent:
    """The newest `frames` frames of a stream, all of which are computed; or as many as came."""

    def __init__(
        self,
        memory: Memory,
        frames: int,
        received: int,
        device: torch.device,
        whole: Recent | None = None,
    ) -> None:
        """For steps at which so many frames were received; the window stands for it and more. A
        part of the network that needs fewer frames has those of a `whole`."""
        self._memory = memory
        self._received = received
        self._wanted = frames
        self.frames = min(frames, received)
        self._advance = self._start(received + memory.hop) - self._start(received)
        self._filled = min(received, memory.window)
        self._whole = whole or self
        if whole:
            return
        self._slots = torch.empty(self.frames, dtype=torch.int64, device=device)
        self._norm_slots = torch.empty_like(self._slots)
        self._numbers = torch.empty_like(self._slots)
        self._share = torch.empty((), device=device)  # of one frame in a norm
        self.encoders: Past = Recent(memory, frames - ENCODED_BEFORE, received, device, self)
        self.time_decoder: Past = Recent(memory, frames - DECODED_BEFORE, received, device, self)
        self.place()

    def tensors(self) -> tuple[Tensor, ...]:
        """Where the frames are, which `place` changes."""
        return self._slots, self._norm_slots, self._numbers, self._share

    def place(self) -> None:
        """At the newest frames that the memory counts by now."""
        stop = self._memory.received
        numbers = torch.arange(stop - self.frames, stop)
        self._slots.copy_(numbers % self._memory.window)
        self._norm_slots.copy_(numbers % self._memory.norms)
        self._share.fill_(1 / self._memory.heard(self.frames))
        self._numbers.copy_(numbers % self._memory.period)

    def fit(self, asks: nn.Module, x: Tensor, axis: int, of: Past) -> Tensor:
        assert isinstance(of, Recent)
        per_frame = x.shape[axis] // of.frames
        missing = (self.frames - of.frames) * per_frame
        if self._wanted <= of._wanted:
            return x.narrow(axis, -missing, x.shape[axis] + missing)
        most = (self._wanted - of._wanted) * per_frame
        older = self._memory.older(asks, x, axis, most)
        x = torch.cat((older.narrow(axis, most - missing, missing), x), axis)
        following = self._received + self._memory.hop
        count = (of._start(following) - self._start(following)) * per_frame
        if count:
            kept = x.narrow(axis, self._advance * per_frame, count)
            older.narrow(axis, most - count, count).copy_(kept)
        return x

    def conv(
        self, x: Tensor, axis: int, *convs: Convolution, joined: bool = False
    ) -> Sequence[Tensor]:
        like = convs[0]
        padding = [int(pad) for pad in like.padding]
        reach, padding[axis - 2] = padding[axis - 2], 0
        if reach == 0:
            return convolved(x, convs, like.padding, joined)
        return convolved(self.around(like, x, axis, reach), convs, padding, joined)

    def conv_tr(self, x: Tensor, conv: nn.ConvTranspose2d) -> Tensor:
        y: Tensor = conv(torch.cat((self._before(conv, x, 3, 1), x), 3))
        return y[..., conv.stride[1] :]

    def around(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        return torch.cat((self._before(asks, x, axis, count), x, _zeros(x, axis, count)), axis)

    def moments(self, asks: nn.Module, each: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        if each.shape[axis + 1] > self.frames:  # first each frame's, from those of its positions
            each = self._by_frame(each, axis + 1).mean(axis + 2)
        norms = self._memory.norms
        newest = each.narrow(axis + 1, max(self.frames - norms, 0), min(self.frames, norms))
        ring = self._memory.ring(asks, each, axis + 1, norms)
        ring.index_copy_(axis + 1, self._whole._norm_slots[-newest.shape[axis + 1] :], newest)
        return _spread(ring.sum(axis + 1, keepdim=True) * self._whole._share)

    def tokens(self, asks: nn.Module, x: Tensor) -> Tensor:
        by_frame = self._by_frame(x, 2)
        ring = self._memory.ring(asks, by_frame, 2, self._memory.window)
        ring.index_copy_(2, self._newest(self._whole._slots), by_frame)
        return ring.narrow(2, 0, self._filled).flatten(2, 3)

    def positions(self, table: Tensor, tokens: int) -> Tensor:
        per_frame = tokens // self.frames
        table = table[: self._memory.period * per_frame]
        by_frame = torch.unflatten(table, 0, (-1, per_frame))
        return by_frame.index_select(0, self._newest(self._whole._numbers)).flatten(0, 1)

    def _start(self, received: int) -> int:
        """The first of the frames, once so many were received."""
        return max(received - self._wanted, 0)

    def _newest(self, each: Tensor) -> Tensor:
        return each[-self.frames :]

    def _by_frame(self, x: Tensor, axis: int) -> Tensor:
        return torch.unflatten(x, axis, (self.frames, -1))

    def _before(self, asks: nn.Module, x: Tensor, axis: int, count: int) -> Tensor:
        """The columns before x; and remember those before what the next step computes."""
        columns = self._memory.columns(asks, x, axis, count)
        before = columns.clone()
        advance = self._advance * (x.shape[axis] // self.frames)
        if advance < count:
            columns.copy_(torch.cat((before, x), axis).narrow(axis, advance, count))
        else:
            columns.copy_(x.narrow(axis, advance - count, count))
        return before


def over(axis: int, each: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over an axis, from mean and mean square (2, ...) at each position."""
    return _spread(each.mean(axis + 1, keepdim=True))


def _spread(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance, from mean and mean square."""
    mean, square = moments
    return mean, (square - mean.square()).clamp_(min=0)


def mean_and_square(x: Tensor, axes: int | tuple[int, ...]) -> Tensor:
    """(2, ...): mean and mean square over some axes, which stay with length 1; in float32.

    They can be averaged over more positions later. On the CPU plain sums are many times faster than
    torch.var_mean; on a card that is one kernel instead of three.
    """
    x = x.float()
    if x.is_cuda:
        variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
        return torch.stack((mean, torch.addcmul(variance, mean, mean)))
    return torch.stack((x.mean(axes, keepdim=True), x.square().mean(axes, keepdim=True)))


def _zeros(x: Tensor, axis: int, count: int) -> Tensor:
    """`count` columns of silence, shaped like those of x."""
    shape = list(x.shape)
    shape[axis] = count
    return x.new_zeros(shape)
