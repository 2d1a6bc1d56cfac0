"""STFT and ISTFT against torch.stft and torch.istft, padded and trimmed as HTDemucs does."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from music import mixture

from rtsep.dsp.stft import ISTFT, STFT, reflect_pad


def reference_stft(x: torch.Tensor, nfft: int) -> torch.Tensor:
    frame = nfft // 4
    pad, count = frame // 2 * 3, -(-x.shape[-1] // frame)
    x = reflect_pad(x, pad, pad + count * frame - x.shape[-1])
    window = torch.hann_window(nfft)
    z = torch.stft(
        x[0], nfft, frame, window=window, normalized=True, return_complex=True, pad_mode="reflect"
    )
    return z[None, :, :-1, 2 : 2 + count].permute(0, 3, 2, 1)


@pytest.mark.parametrize("nfft", [4096, 1024])
@pytest.mark.parametrize("samples", [1, 100, 1535, 1536, 1537, 4096, 44100, 88064])
def test_stft_equals_torch(nfft: int, samples: int) -> None:
    x = torch.from_numpy(mixture(2.0))[None, :, :samples]
    torch.testing.assert_close(STFT(nfft)(x), reference_stft(x, nfft), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("first", "length"), [(0, 44032), (0, 5), (1000, 9000), (40000, 4032)])
def test_istft_returns_the_signal(first: int, length: int) -> None:
    """In the inside; at the edges the frames beyond are silent, as in the reference."""
    x = torch.from_numpy(mixture(2.0))[None, :, :44032]
    z = STFT(4096)(x)
    out = ISTFT(4096)(z.permute(0, 3, 1, 2), first, length)
    full = F.pad(z.permute(0, 3, 2, 1), (2, 2, 0, 1))[0]
    expected = torch.istft(
        full, 4096, 1024, window=torch.hann_window(4096), normalized=True, length=44032 + 2 * 1536
    )[:, 1536:]
    torch.testing.assert_close(out[0], expected[:, first : first + length], rtol=0, atol=1e-5)
    inside = slice(max(first, 2560), min(first + length, 44032 - 2560))
    kept = (
        out[0, :, inside.start - first : inside.stop - first] if inside.start < inside.stop else 0
    )
    expected_kept = x[0, :, inside] if inside.start < inside.stop else 0
    torch.testing.assert_close(kept, expected_kept, rtol=0, atol=1e-5)
