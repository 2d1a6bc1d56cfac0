"""What is found out about PyTorch and the model. Plain figures, so that nobody imports torch for
them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Card:
    """One that PyTorch can use."""

    name: str
    capability: tuple[int, int]
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, kw_only=True)
class TorchFacts:
    """`cuda` and `hip` are the versions it was built with, if at all; `built_for` the capabilities,
    like "sm_90". `why_none` is what CUDA says where it does not start."""

    version: str
    cuda: str | None
    hip: str | None
    mps: bool
    threads: int
    cards: tuple[Card, ...]
    why_none: str
    built_for: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What --latency auto takes; times in seconds. `lost` is how much less the compiled steps gave
    that are gone; without them nothing `runs`, if only they were fast enough."""

    mode: str
    hop: float
    latency: float
    compiled: bool
    lost: float
    runs: bool


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """`notices` are what loading had to say, of damaged files."""

    device: str
    precision: str
    loaded: bool
    notices: tuple[str, ...]
    tuned: Tuned | None
