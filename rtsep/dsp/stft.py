"""STFT and ISTFT as HTDemucs uses them: a frame every nfft/4 samples, periodic Hann, normalized.

Frame `i` of a signal covers samples [frame*i - 1.5 frame, frame*i + 2.5 frame): two frames at each
edge reach past it, into the reflection. Knows nothing of networks, streams or devices.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OVERLAP = 4  # frames that cover one sample
EDGE_FRAMES = 2  # frames at each end that see the reflection
FRAMES_AT_ONCE = 32  # of an ISTFT; with more of them, what is between leaves the caches
HANN_SQUARED_SUM = 1.5  # of four periodic Hann windows a quarter apart, at every sample


def pad_samples(nfft: int) -> int:
    """Samples of reflection on each side, so that `n` samples make exactly `n / frame` frames."""
    return 3 * nfft // 8


def reflect_pad(x: Tensor, left: int, right: int) -> Tensor:
    """Pad the last axis by reflection; a signal too short to reflect gets zeros first.

    The zeros go to the right as far as the right padding allows, then to the left (as `pad1d` of
    the reference implementation does).
    """
    short = max(left, right) + 1 - x.shape[-1]
    if short > 0:
        zeros_right = min(right, short)
        zeros_left = short - zeros_right
        x = F.pad(x, (zeros_left, zeros_right))
        left, right = left - zeros_left, right - zeros_right
    return F.pad(x, (left, right), mode="reflect")


class STFT(nn.Module):
    """(b, c, samples) to complex (b, frames, bins, c), without the Nyquist bin."""

    window: Tensor

    def __init__(self, nfft: int) -> None:
        super().__init__()
        self.nfft = nfft
        self.frame = nfft // OVERLAP
        self.register_buffer("window", _hann(nfft) * nfft**-0.5, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        pad = pad_samples(self.nfft)
        fill = -x.shape[-1] % self.frame
        return self.spectra(reflect_pad(x, pad, pad + fill))

    def spectra(self, padded: Tensor) -> Tensor:
        """Spectra of every whole frame of a signal that is padded already.

        (b, c, nfft + (frames - 1) * frame) -> (b, frames, bins, c)
        """
        frames = padded.unfold(-1, self.nfft, self.frame) * self.window
        spectra = torch.fft.rfft(frames)[..., :-1]
        return torch.stack(spectra.unbind(1), -1)


class ISTFT(nn.Module):
    """Complex spectrum (..., frames, bins) back to a waveform, by windowed overlap-add."""

    window: Tensor

    def __init__(self, nfft: int) -> None:
        super().__init__()
        self.nfft = nfft
        self.frame = nfft // OVERLAP
        scale = nfft**0.5 / HANN_SQUARED_SUM
        self.register_buffer("window", _hann(nfft) * scale, persistent=False)

    def forward(self, spec: Tensor, first: int, length: int) -> Tensor:
        """Samples [first, first + length), counted from the beginning of frame 0's own samples.

        Frames outside `spec` count as silence, as they do in the reference implementation.
        (..., frames, bins) -> (..., length)
        """
        start = first + pad_samples(self.nfft)
        return self._overlap_add(spec)[..., start : start + length]

    def _overlap_add(self, spec: Tensor) -> Tensor:
        """(..., frames, bins) -> (..., (frames + 3) * frame), beginning with frame 0's window."""
        hops = spec.shape[-2] + OVERLAP - 1
        out = self.window.new_zeros(*spec.shape[:-2], hops, self.frame)
        begin = 0
        for some in torch.split(spec, FRAMES_AT_ONCE, -2):
            frames = torch.fft.irfft(F.pad(some, (0, 1)), n=self.nfft).mul_(self.window)
            for k, part in enumerate(torch.split(frames, self.frame, -1), begin):
                out[..., k : k + part.shape[-2], :] += part
            begin += some.shape[-2]
        return out.flatten(-2)


def _hann(nfft: int) -> Tensor:
    """On the CPU even where a network is made without weights; likewise other tables."""
    return torch.hann_window(nfft, device="cpu")
