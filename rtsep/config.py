"""Frozen settings, checked once. Lengths are in samples, times in seconds, names say which."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rtsep.errors import ConfigError

KERNEL = 8  # every strided convolution of HTDemucs is 8 wide ...
STRIDE = 4  # ... and moves by 4

STEMS_4 = ("drums", "bass", "other", "vocals")
STEMS_6 = (*STEMS_4, "guitar", "piano")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of one Hybrid Transformer Demucs network (Rouard et al., 2022, arXiv:2211.08553).

    Names are those of the official checkpoints, so that their `kwargs` can be read off directly.
    """

    stems: tuple[str, ...] = STEMS_4
    audio_channels: int = 2
    channels: int = 48
    growth: int = 2
    depth: int = 4
    nfft: int = 4096
    cac: bool = True
    bottom_channels: int = 512
    t_layers: int = 5
    t_heads: int = 8
    segment: Fraction = Fraction(39, 5)
    sample_rate: int = 44100

    def __post_init__(self) -> None:
        if not self.stems or len(set(self.stems)) != len(self.stems):
            raise ConfigError(f"stems must be distinct names, got {self.stems!r}")
        if self.bins // STRIDE ** (self.depth - 1) <= KERNEL:
            raise ConfigError(
                f"nfft {self.nfft} leaves too few frequency bins for depth {self.depth}; "
                f"it must exceed {2 * KERNEL * STRIDE ** (self.depth - 1)}"
            )
        if self.transformer_channels % (4 * self.t_heads):
            raise ConfigError(
                f"the transformer is {self.transformer_channels} wide, "
                f"which is no multiple of 4 x {self.t_heads} heads"
            )

    @property
    def frame(self) -> int:
        """Samples per STFT frame (the hop of the STFT)."""
        return self.nfft // 4

    @property
    def bins(self) -> int:
        """Frequency bins the network sees; the Nyquist bin is dropped."""
        return self.nfft // 2

    @property
    def segment_samples(self) -> int:
        """Length of the excerpts the network was trained on."""
        return int(self.segment * self.sample_rate)

    @property
    def bottleneck_channels(self) -> int:
        """Channels that leave the encoders."""
        return self.channels * self.growth ** (self.depth - 1)

    @property
    def transformer_channels(self) -> int:
        return self.bottom_channels or self.bottleneck_channels

    def encoder_channels(self, level: int) -> int:
        """Channels that leave encoder `level` (0 is nearest the signal)."""
        return self.channels * self.growth**level
