"""What is wrong with what a live step emits, in both modes, as one number to make smaller.

Absolute difference to the truth, over the loudness of the mixture: quiet places count as much as
loud ones, and a silent stem that does not stay silent is wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.config import REACH_FRAMES, SETTLING_FRAMES, StreamSpec
from rtsep.engine.step import share_residual
from training.settings import Settings
from training.student import Student

QUIETEST = 0.01  # of the loudness that errors are compared with
FILLING_HOP = 8  # frames, while a window fills up


def spec_of(
    student: Student, settings: Settings, mode: str, hop: int, lookahead: int
) -> StreamSpec:
    """All in frames."""
    frame = student.config.frame
    refresh = min(hop + lookahead + REACH_FRAMES + SETTLING_FRAMES, settings.window)
    return StreamSpec(
        window=settings.window * frame,
        hop=hop * frame,
        lookahead=lookahead * frame,
        crossfade=min(frame // 2, lookahead * frame),
        frame=frame,
        sample_rate=student.config.sample_rate,
        mode=mode,
        refresh=refresh * frame if mode == "incremental" else 0,
    )


def emphasis(settings: Settings, frame: int, device: torch.device) -> Tensor:
    """(samples): how much each sample of a window counts. What every hop and lookahead emits counts
    alike, and all that none emits counts `rest`; the sum is 1."""
    samples = settings.window * frame
    weights = torch.full((samples,), settings.rest / samples)
    pairs = [(hop, ahead) for hop in settings.hops for ahead in settings.lookaheads]
    for hop, ahead in pairs:
        stop = samples - ahead * frame
        weights[stop - hop * frame : stop] += (1 - settings.rest) / len(pairs) / (hop * frame)
    return weights.to(device)


def exact_loss(student: Student, mix: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Of whole windows (b, c, samples), which every hop and lookahead cuts its part from."""
    bag = student.bag
    stems = bag.separate(mix, bag.stft(mix), slice(None))
    share_residual(stems, mix)
    return (_errors(stems, truth, mix) * weights).sum(-1).mean()


class Rolling:
    """A stream in incremental mode over (b, c, samples), as it runs: first the window fills up,
    then one loss a hop. What it remembers of earlier hops counts as given."""

    def __init__(self, student: Student, spec: StreamSpec, mix: Tensor, truth: Tensor) -> None:
        """The window fills with the weights that the student plays with."""
        self._spec, self._mix, self._truth = spec, mix, truth
        filling = spec.with_hop(FILLING_HOP * spec.frame)
        self._step = student.step(filling, len(mix))
        self._done = 0
        with torch.no_grad():
            while not self._step.steady:
                self._estimate(filling.hop)
            self._step.adopt(spec)

    @property
    def ends(self) -> bool:
        return self._done + self._spec.hop > self._mix.shape[-1]

    def loss(self) -> Tensor:
        """Of the next hop. Gradients are to be taken before the one after it."""
        for tensor in self._step.state():
            tensor.detach_()
        stems = self._estimate(self._spec.hop)
        stop = self._done - self._spec.lookahead + self._spec.crossfade
        here = slice(stop - stems.shape[-1], stop)
        return _errors(stems, self._truth[..., here], self._mix[..., here]).mean()

    def _estimate(self, hop: int) -> Tensor:
        block = self._mix[..., self._done : self._done + hop]
        self._done += hop
        self._step.advance()
        return self._step.estimate(block)


def _errors(stems: Tensor, truth: Tensor, mix: Tensor) -> Tensor:
    """(b, samples)"""
    loudness = mix.square().mean((1, 2)).sqrt().clamp(min=QUIETEST)
    return (stems - truth).abs().mean((1, 2)) / loudness[:, None]
