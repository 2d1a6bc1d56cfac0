"""The shape of a network, and what its stems make up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rtsep.errors import ConfigError

KERNEL = 8  # every strided convolution of HTDemucs is 8 wide ...
STRIDE = 4  # ... and moves by 4

STEMS_4 = ("drums", "bass", "other", "vocals")
STEMS_6 = (*STEMS_4, "guitar", "piano")
# Networks with just these make up the whole mixture; of others nobody knows unless it is said.
WHOLE_SETS = (frozenset(STEMS_4), frozenset(STEMS_6))
REST = "rest"  # the stem that is the mixture without all that such others find


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of one Hybrid Transformer Demucs network (Rouard et al., 2022, arXiv:2211.08553).

    Names are those of the official checkpoints, so that their `kwargs` can be read off directly;
    only `complete`, whether the stems make up the whole mixture, is ours. None: as their names say.
    """

    stems: tuple[str, ...] = STEMS_4
    complete: bool | None = None
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
        if self.complete is False and REST in self.stems:
            raise ConfigError(
                f"a stem {REST!r} of the network's own and one of what it leaves cannot both be; "
                "name its stems otherwise, or call it complete"
            )
        if self.bins // STRIDE ** (self.depth - 1) <= KERNEL:
            raise ConfigError(
                f"nfft {self.nfft} leaves too few frequency bins for depth {self.depth}; "
                f"it must exceed {2 * KERNEL * STRIDE ** (self.depth - 1)}"
            )
        if self.t_layers < 1:
            raise ConfigError(f"t_layers must be at least 1, got {self.t_layers}")
        if self.transformer_channels % (4 * self.t_heads):
            raise ConfigError(
                f"the transformer is {self.transformer_channels} wide, "
                f"which is no multiple of 4 x {self.t_heads} heads"
            )

    @property
    def has_rest(self) -> bool:
        """Whether what the stems lack of the mixture is a stem of its own."""
        if self.complete is not None:
            return not self.complete
        return set(self.stems) not in WHOLE_SETS and REST not in self.stems

    @property
    def outputs(self) -> tuple[str, ...]:
        """All stems that come out: the network's, and the rest if there is one."""
        return (*self.stems, REST) if self.has_rest else self.stems

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
        return self.encoder_channels(self.depth - 1)

    @property
    def transformer_channels(self) -> int:
        return self.bottom_channels or self.bottleneck_channels

    @property
    def can_increment(self) -> bool:
        """Whether a frame is whole columns at every level, as incremental mode needs."""
        return not self.frame % STRIDE**self.depth

    @property
    def frames_per_segment(self) -> int:
        return -(-self.segment_samples // self.frame)

    def encoder_channels(self, level: int) -> int:
        """Channels that leave encoder `level` (0 is nearest the signal)."""
        return self.channels * int(self.growth**level)
