"""What is wrong with what a live step emits, in both modes, as one number to make smaller.

Absolute difference to the truth, over the loudness of the mixture: quiet places count as much as
loud ones, and a silent stem that does not stay silent is wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.config import REACH_FRAMES, StreamSpec
from rtsep.engine.incremental import IncrementalStep
from rtsep.engine.modes import warm_up
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
    refresh = min(hop + lookahead + REACH_FRAMES, settings.window)
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


class ExactLesson:
    """Windows with their truth, always at the same place, and the loss on what they emit."""

    name = "exact"

    def __init__(self, student: Student, settings: Settings, batch: int) -> None:
        self._student = student
        samples, device = settings.window * student.config.frame, student.device
        self._mix, self._truth = _places(student, batch, samples)
        self._weights = emphasis(settings, student.config.frame, device)

    def take(self, mix: Tensor, truth: Tensor) -> None:
        self._mix.copy_(mix)
        self._truth.copy_(truth)

    def loss(self) -> Tensor:
        return exact_loss(self._student, self._mix, self._truth, self._weights)


class RollingLesson:
    """A stream in incremental mode, as it runs: first the window fills up, then one loss a hop.
    What it remembers of earlier hops counts as given. All that a step uses stays at its place."""

    name = "incremental"

    def __init__(self, student: Student, spec: StreamSpec, batch: int) -> None:
        self._student, self._spec, self._batch = student, spec, batch
        self._step = self._new_step(spec)
        with torch.no_grad():
            warm_up(self._step)  # allocates what is remembered
        self._block, _ = _places(student, batch, spec.hop)
        self._heard, self._truth = _places(student, batch, spec.hop + spec.crossfade)
        self._mix = self._all = self._block[..., :0]
        self._done = 0

    @property
    def ends(self) -> bool:
        return self._done + self._spec.hop > self._mix.shape[-1]

    def begin(self, mix: Tensor, truth: Tensor) -> None:
        """On (b, c, samples) and (b, stems, c, samples). The window fills with the weights that the
        student plays with."""
        self._mix, self._all = mix, truth
        self._done = 0
        filling = self._spec.with_hop(FILLING_HOP * self._spec.frame)
        step = self._new_step(filling)
        with torch.no_grad():
            while not step.steady:
                step.advance()
                step.estimate(self._next(filling.hop))
            step.adopt(self._spec)
            self._go_on_from(step)

    def move(self) -> None:
        """To the next hop."""
        spec = self._spec
        self._block.copy_(self._next(spec.hop))
        stop = self._done - spec.lookahead + spec.crossfade
        here = slice(stop - spec.hop - spec.crossfade, stop)
        self._heard.copy_(self._mix[..., here])
        self._truth.copy_(self._all[..., here])
        self._step.advance()

    def loss(self) -> Tensor:
        """Of the hop that it moved to, once. Gradients are to be taken before the next one."""
        for tensor in self._step.state():
            tensor.detach_()
        return _errors(self._step.estimate(self._block), self._truth, self._heard).mean()

    def _new_step(self, spec: StreamSpec) -> IncrementalStep:
        return IncrementalStep(self._student.bag, spec, self._batch, self._student.device)

    def _go_on_from(self, other: IncrementalStep) -> None:
        """One that is at the same spec."""
        self._step.memory.count_like(other.memory)
        for mine, theirs in zip(self._step.state(), other.state(), strict=True):
            mine.detach_().copy_(theirs)

    def _next(self, samples: int) -> Tensor:
        self._done += samples
        return self._mix[..., self._done - samples : self._done]


def _places(student: Student, batch: int, samples: int) -> tuple[Tensor, Tensor]:
    """For a mixture (b, c, samples) and its stems (b, stems, c, samples)."""
    config, device = student.config, student.device
    mix = torch.zeros(batch, config.audio_channels, samples, device=device)
    stems = torch.zeros(batch, len(config.stems), *mix.shape[1:], device=device)
    return mix, stems


def _errors(stems: Tensor, truth: Tensor, mix: Tensor) -> Tensor:
    """(b, samples)"""
    loudness = mix.square().mean((1, 2)).sqrt().clamp(min=QUIETEST)
    return (stems - truth).abs().mean((1, 2)) / loudness[:, None]
