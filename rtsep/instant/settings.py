"""What an instant path is told when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.errors import ConfigError

WINDOW = 2048  # samples of the analysis
HOPS = (256, 512)
# Seconds at 44.1 kHz, to the millisecond; at other rates the hops are the same.
DELAYS = {0.012: 256, 0.023: 512}
DELAY = 0.023


@dataclass(frozen=True, kw_only=True)
class InstantSettings:
    """Of one signal. `capacity_seconds` of music fit into the memory before it forgets."""

    stems: int
    channels: int
    sample_rate: int
    hop: int = 512
    capacity_seconds: float = 180.0
    neighbours: int = 96
    updates: int = 15

    def __post_init__(self) -> None:
        if self.hop not in HOPS:
            known = " or ".join(map(str, HOPS))
            raise ConfigError(
                f"the hop of the instant path must be {known} samples, got {self.hop}"
            )
        for name in ("stems", "channels", "neighbours", "updates"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.capacity < self.neighbours:
            raise ConfigError(
                f"a memory of {self.capacity_seconds:g} s has no {self.neighbours} frames; "
                "lengthen it"
            )

    @property
    def latency_samples(self) -> int:
        """Of the stems against the input: what the synthesis window spans."""
        return 2 * self.hop

    @property
    def capacity(self) -> int:
        """Frames that the memory holds."""
        return round(self.capacity_seconds * self.sample_rate / self.hop)


def hop_of(delay: float) -> int:
    """Raises ConfigError for a delay that is none of DELAYS, to the millisecond."""
    if round(delay, 3) not in DELAYS:
        known = " or ".join(f"{seconds:g}" for seconds in DELAYS)
        raise ConfigError(f"the delay of the instant path must be {known} s, got {delay:g}")
    return DELAYS[round(delay, 3)]
