"""The watch: how well a live stream separates what training never saw, song by song.

Streams the held-out end of every song, all of them as one batch, in both modes as they run, and
compares with the teacher. A mean over songs hides the one that is forgotten, so each is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rtsep.config import MODES
from training.loss import spec_of
from training.settings import Settings
from training.songs import Song
from training.student import Student

HOP, LOOKAHEAD = 4, 2  # frames: 93 and 46 ms
# Of the mixture's energy; a quieter stem is not compared. What a teacher finds of an instrument
# that is not there is no truth, and a mean of decibels would hang on it.
AUDIBLE = 1e-3

Scores = dict[str, dict[str, float]]  # mode, song: dB


@torch.no_grad()
def watch(student: Student, settings: Settings, songs: Sequence[Song]) -> Scores:
    """Mean SDR of the stems against the teacher's, in dB."""
    mixes, stems = zip(*(song.held for song in songs), strict=True)
    samples = min(mix.shape[-1] for mix in mixes)
    mix = torch.stack([mix[..., :samples] for mix in mixes]).cpu()
    truth = torch.stack([stem[..., :samples] for stem in stems]).cpu()
    found: Scores = {}
    for mode in MODES:
        with student.rounding():
            out, first = _streamed(student, settings, mode, mix)
        there = slice(first, first + out.shape[-1])
        values = _sdr(out, truth[..., there], mix[..., there])
        found[mode] = {
            song.name: round(value, 3)
            for song, value in zip(songs, values, strict=True)
            if value == value  # NaN: nothing to hear there
        }
    return found


def losses(before: Scores, now: Scores) -> dict[str, float]:
    """Of every song in its worse mode, how much it lost, in dB; a gain is negative."""
    names = {name for songs in before.values() for name in songs}
    names &= {name for songs in now.values() for name in songs}
    return {
        name: max(before[mode][name] - now[mode][name] for mode in before if name in now[mode])
        for name in sorted(names)
    }


def mean(scores: Scores, names: Sequence[str]) -> float:
    values = [songs[name] for songs in scores.values() for name in names if name in songs]
    return sum(values) / len(values) if values else float("nan")


def _streamed(student: Student, settings: Settings, mode: str, mix: Tensor) -> tuple[Tensor, int]:
    """Stems from the first full window on, and the sample that they begin with."""
    spec = spec_of(student, settings, mode, HOP, LOOKAHEAD)
    step = student.step(spec, len(mix))
    outs: list[Tensor] = []
    first = 0
    whole = mix.shape[-1] // spec.hop * spec.hop
    for number, block in enumerate(mix[..., :whole].to(student.device).split(spec.hop, -1)):
        steady = step.steady
        if mode == "exact" and not steady:
            step.skip(block)  # it needs the audio only
            continue
        out = step.run(block, step.compute)
        if steady:
            first = first if outs else number * spec.hop - spec.lookahead
            outs.append(out.cpu())
    return torch.cat(outs, -1), first


def _sdr(out: Tensor, truth: Tensor, mix: Tensor) -> list[float]:
    """(b, stems, c, n), twice, and (b, c, n)"""
    energy = truth.double().square().sum((2, 3))
    distortion = (truth - out).double().square().sum((2, 3)).clamp(min=1e-12)
    heard = energy > AUDIBLE * mix.double().square().sum((1, 2))[:, None]
    values = 10 * torch.log10(energy.clamp(min=1e-12) / distortion)
    return [float(row[on].mean()) for row, on in zip(values, heard, strict=True)]
