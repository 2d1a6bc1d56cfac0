"""Exact mode: every step computes the whole window anew."""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.dsp.stft import EDGE_FRAMES, pad_samples, reflect_pad
from rtsep.engine.network import Network
from rtsep.engine.step import Step, share_residual, shift_in


class ExactStep(Step):
    """Equals the offline network on the same windows. The step after a skipped hop gives what it
    would have given, but for its crossfade."""

    def __init__(
        self, network: Network, spec: StreamSpec, batch: int, device: torch.device
    ) -> None:
        super().__init__(network, spec, batch, device)
        config = network.config
        frames = spec.window // spec.frame
        self.audio = self.silence(config.audio_channels, spec.window)
        self.spectrum = self.silence(
            frames, config.bins, config.audio_channels, dtype=torch.complex64
        )
        self._received = 0  # samples since the beginning, at most `window`
        self._frames_stay = False  # the spectrum of this step's window is mostly known

    @property
    def _frames_survive(self) -> bool:
        """Whether a step keeps frames that see no reflection."""
        spec = self.spec
        return spec.window - spec.hop > 2 * EDGE_FRAMES * spec.frame

    @property
    def steady(self) -> bool:
        return self._received == self.spec.window

    def adopt(self, spec: StreamSpec) -> None:
        self.spec = spec
        self._frames_stay = self.steady and self._frames_survive

    def advance(self) -> None:
        self._frames_stay = self.steady and self._frames_survive
        self._received = min(self._received + self.spec.hop, self.spec.window)

    def estimate(self, block: Tensor) -> Tensor:
        spec = self.spec
        mix = self._take_in(block)
        emitted = slice(spec.emitted.start, spec.emitted.stop + spec.crossfade)
        stems = self.network.separate(mix, self.spectrum, emitted)
        if self.network.complete:
            share_residual(stems, mix[..., emitted])
        before_the_beginning = max(spec.window - self._received - emitted.start, 0)
        stems[..., :before_the_beginning] = 0  # not even its mirror image is heard
        return stems

    def remembered(self) -> list[Tensor]:
        return [self.audio, self.spectrum]

    def pass_over(self, block: Tensor) -> None:
        self.advance()
        self._take_in(block)

    def fill(self) -> None:
        self._received = self.spec.window

    def forget(self) -> None:
        self.audio.zero_()
        self.spectrum.zero_()
        self._received = 0

    def _take_in(self, block: Tensor) -> Tensor:
        """The window, of which `spectrum` is the spectrum from now on."""
        shift_in(self.audio, block)
        mix = fill_window(self.audio, self._received)
        if self._frames_stay:
            self._shift_spectrum()
        else:
            self.spectrum.copy_(self.network.stft(mix))
        return mix

    def _shift_spectrum(self) -> None:
        """The spectrum of the shifted window: frames move left, and those that a hop adds or that
        see a reflection are computed anew."""
        hop_frames = self.spec.hop // self.spec.frame
        stft = self.network.stft
        left, right = _edges(self.audio, stft.nfft, hop_frames + EDGE_FRAMES)
        self.spectrum.copy_(
            torch.cat(
                (
                    stft.spectra(left),
                    self.spectrum[:, hop_frames + EDGE_FRAMES : -EDGE_FRAMES],
                    stft.spectra(right),
                ),
                1,
            )
        )


def _edges(audio: Tensor, nfft: int, new_frames: int) -> tuple[Tensor, Tensor]:
    """The ends of the window with their reflections, as long as their frames reach."""
    frame, pad = nfft // 4, pad_samples(nfft)
    left = audio[..., : nfft + (EDGE_FRAMES - 1) * frame - pad]
    right = audio[..., -(nfft + (new_frames - 1) * frame - pad) :]
    return reflect_pad(left, pad, 0), reflect_pad(right, 0, pad)


def fill_window(audio: Tensor, received: int) -> Tensor:
    """The window (..., n) that the network sees while only `received` samples have arrived.

    They are continued to the left by their mirror image, once, and by silence beyond, which
    separates better than silence alone. `bench/fill.py` compares this with other ways.
    """
    missing = audio.shape[-1] - received
    if missing == 0:
        return audio
    mirror = audio[..., audio.shape[-1] - received :].flip(-1)[..., -missing:]
    silence = audio[..., : missing - mirror.shape[-1]]  # nothing has come that far yet
    return torch.cat((silence, mirror, audio[..., missing:]), -1)
