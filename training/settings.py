"""What a training run is told. Kept in its checkpoints and in the delta."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Lengths in frames of 1024 samples, unless a name says otherwise."""

    seed: int = 1
    batch: int = 8
    window: int = 86  # 2 s, as live
    hops: tuple[int, ...] = (1, 2, 4, 8)  # 23 to 186 ms
    lookaheads: tuple[int, ...] = (1, 2, 4)
    rank: int = 24  # of the changes to linear layers and convolutions
    free_layers: int = 1  # the last ones of both decoders, which may change in every value
    thin_rate: float = 2e-4  # of learning, of the changes of low rank
    free_rate: float = 5e-5  # of all others
    averaging: float = 0.999  # of weights over steps
    mixed: float = 0.5  # share of windows whose stems come from different places
    incremental: float = 0.5  # share of steps in incremental mode
    rest: float = 0.05  # weight of what a window does not emit, of all
