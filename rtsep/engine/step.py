"""One step of the stream: a hop of audio in, a hop of stems out, `lookahead` samples behind.

Shapes are fixed and state is written in place, so that the whole step can be captured in a CUDA
graph once the window is full. Knows nothing of block sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.dsp.stft import EDGE_FRAMES, pad_samples, reflect_pad
from rtsep.engine.network import Network


@dataclass
class StepState:
    """What a stream remembers between steps. Allocated once; one per stream."""

    audio: Tensor  # (b, c, window), the newest sample last
    spec: Tensor  # (b, frames, bins, c), the STFT of `audio`
    overlap: Tensor  # (b, stems, c, crossfade), this step's estimate of what the next emits first
    received: int  # samples since the beginning, at most `window`
    continues: bool  # `spec` and `overlap` belong to the hop that came last

    def reset(self) -> None:
        self.audio.zero_()
        self.spec.zero_()
        self.overlap.zero_()
        self.received = 0
        self.continues = True


class Step:
    """Shift window, STFT, network, ISTFT, residual, crossfade."""

    def __init__(
        self, network: Network, spec: StreamSpec, batch: int, device: torch.device
    ) -> None:
        self.network = network
        self.spec = spec
        self._batch = batch
        self._device = device
        self._frames_survive = spec.window - spec.hop > 2 * EDGE_FRAMES * spec.frame
        self._fade_in = _fade_in(spec.crossfade, device)

    def new_state(self) -> StepState:
        config, spec, batch = self.network.config, self.spec, self._batch
        channels, frames = config.audio_channels, spec.window // spec.frame

        def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=self._device)

        return StepState(
            audio=zeros(batch, channels, spec.window),
            spec=zeros(batch, frames, config.bins, channels, dtype=torch.complex64),
            overlap=zeros(batch, len(self.network.stems), channels, spec.crossfade),
            received=0,
            continues=True,
        )

    def __call__(self, state: StepState, block: Tensor) -> Tensor:
        """block (b, c, hop) -> stems (b, stems, c, hop)."""
        spec = self.spec
        frames_stay = state.received == spec.window and state.continues and self._frames_survive
        self._shift_audio(state, block)
        mix = fill_window(state.audio, state.received)
        if frames_stay:
            self._shift_spectrum(state)
        else:
            state.spec.copy_(self.network.stft(mix))
        emitted = slice(spec.emitted.start, spec.emitted.stop + spec.crossfade)
        stems = self.network.separate(mix, state.spec, emitted)
        if self.network.complete:
            share_residual(stems, mix[..., emitted])
        before_the_beginning = max(spec.window - state.received - emitted.start, 0)
        stems[..., :before_the_beginning] = 0  # not even its mirror image is heard
        return self._crossfade(state, stems)

    def skip(self, state: StepState, block: Tensor) -> None:
        """Take in a hop (b, c, hop) whose stems nobody needs any more, at hardly any cost.

        The next step gives what it would have given, but for its crossfade, which has no
        predecessor.
        """
        self._shift_audio(state, block)
        state.continues = False

    def _shift_audio(self, state: StepState, block: Tensor) -> None:
        hop, window = self.spec.hop, self.spec.window
        state.audio.copy_(torch.cat((state.audio[..., hop:], block), -1))
        state.received = min(state.received + hop, window)

    def _shift_spectrum(self, state: StepState) -> None:
        """The spectrum of the shifted window: frames move left, and those that a hop adds or that
        see a reflection are computed anew."""
        hop_frames = self.spec.hop // self.spec.frame
        stft = self.network.stft
        new = hop_frames + EDGE_FRAMES
        left, right = _edges(state.audio, stft.nfft, new)
        state.spec.copy_(
            torch.cat(
                (
                    stft.spectra(left),
                    state.spec[:, hop_frames + EDGE_FRAMES : -EDGE_FRAMES],
                    stft.spectra(right),
                ),
                1,
            )
        )

    def _crossfade(self, state: StepState, stems: Tensor) -> Tensor:
        """Blend the first samples with the previous step's estimate of them, if there is one."""
        length, hop = self.spec.crossfade, self.spec.hop
        head = stems[..., :length]
        if state.continues:
            head = state.overlap.lerp(head, self._fade_in)
        state.overlap.copy_(stems[..., hop:])
        state.continues = True
        return torch.cat((head, stems[..., length:hop]), -1)


def _edges(audio: Tensor, nfft: int, new_frames: int) -> tuple[Tensor, Tensor]:
    """The ends of the window with their reflections, as long as their frames reach."""
    frame, pad = nfft // 4, pad_samples(nfft)
    left = audio[..., : nfft + (EDGE_FRAMES - 1) * frame - pad]
    right = audio[..., -(nfft + (new_frames - 1) * frame - pad) :]
    return reflect_pad(left, pad, 0), reflect_pad(right, 0, pad)


def _fade_in(length: int, device: torch.device) -> Tensor:
    """Weights of the newer estimate, a straight line without its ends 0 and 1."""
    return torch.linspace(0, 1, length + 2, device=device)[1:-1]


def share_residual(stems: Tensor, mix: Tensor) -> None:
    """Give what the stems lack of the mixture to all of them in equal parts, in place.

    (b, stems, c, n), (b, c, n): afterwards the stems sum to the mixture.
    """
    residual = (mix - stems.sum(1)) / stems.shape[1]
    stems += residual[:, None]


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
