"""Incremental mode: a step computes the newest frames and remembers the rest.

Of a window, the newest `refresh` samples go through the network. What older frames left behind (the
edge of every convolution, the share of every norm, keys and values of every attention) is kept in a
`Memory`, so a window of 7.8 s costs hardly more than one of 2 s. While a stream is younger than its
window, the window is what has come so far.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.dsp.stft import EDGE_FRAMES, pad_samples, reflect_pad
from rtsep.engine.network import Network
from rtsep.engine.step import Step, share_residual, shift_in
from rtsep.model.past import Memory, Recent


class IncrementalStep(Step):
    """After a skipped hop, that hop is missing in the memory until the window has passed it."""

    def __init__(
        self, network: Network, spec: StreamSpec, batch: int, device: torch.device
    ) -> None:
        super().__init__(network, spec, batch, device)
        frame = spec.frame
        self.audio = self.silence(network.config.audio_channels, spec.refresh + EDGE_FRAMES * frame)
        self.memory = Memory(
            window=spec.window // frame,
            hop=spec.hop // frame,
            period=network.config.segment_samples // frame,
        )
        self._steady = self._newest(self.memory.window)
        self._recent = self._steady

    @property
    def steady(self) -> bool:
        return self.memory.received >= self.memory.window

    def advance(self) -> None:
        self.memory.hear_hop()
        if self.memory.received < self.memory.window:
            self._recent = self._newest(self.memory.received)
        else:
            self._recent = self._steady
            self._steady.place()

    def estimate(self, block: Tensor) -> Tensor:
        spec, recent = self.spec, self._recent
        shift_in(self.audio, block)
        mix = self.audio[..., -recent.frames * spec.frame :]
        stop = mix.shape[-1] - spec.lookahead + spec.crossfade
        start = max(stop - spec.crossfade - spec.hop, 0)
        emitted = slice(start, max(stop, start + 1))  # the memory needs a step even if nobody does
        stems = self.network.separate(mix, self._spectrum(mix), emitted, recent)
        if self.network.complete:
            share_residual(stems, mix[..., emitted])
        stems = stems[..., : max(stop - start, 0)]
        before_the_beginning = spec.hop + spec.crossfade - stems.shape[-1]
        return F.pad(stems, (before_the_beginning, 0))

    def remembered(self) -> list[Tensor]:
        return [self.audio, *self.memory.tensors(), *self._steady.tensors()]

    def pass_over(self, block: Tensor) -> None:
        shift_in(self.audio, block)
        self.memory.skip()

    def adopt(self, spec: StreamSpec) -> None:
        """The memory goes on, but for what lies before the next step's frames. Where those begin
        earlier than the last ones, silence stands for what was not kept of the audio; the next hop
        pushes it out, unless `refresh` grows by more than it."""
        self.spec = spec
        missing = spec.refresh + EDGE_FRAMES * spec.frame - self.audio.shape[-1]
        self.audio = F.pad(self.audio, (missing, 0)).contiguous()
        self.memory.hop = spec.hop // spec.frame
        self.memory.forget_columns()
        self._steady = self._recent = self._newest(self.memory.window)

    def fill(self) -> None:
        self.memory.fill()

    def forget(self) -> None:
        self.audio.zero_()
        self.memory.reset()

    def _newest(self, received: int) -> Recent:
        return Recent(self.memory, self.spec.refresh // self.spec.frame, received, self.device)

    def _spectrum(self, mix: Tensor) -> Tensor:
        """Of the frames of `mix`: before them lies the past, behind them a reflection."""
        stft = self.network.stft
        pad = pad_samples(stft.nfft)
        if mix.shape[-1] == self.memory.received * self.spec.frame:  # nothing came before
            return stft.spectra(reflect_pad(mix, pad, pad))
        heard = self.audio[..., -(mix.shape[-1] + pad) :]
        return stft.spectra(reflect_pad(heard, 0, pad))
