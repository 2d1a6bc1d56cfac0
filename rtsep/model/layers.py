"""Layers as PyTorch has them, without their first weights: ours come from a checkpoint.

Drawing weights at random, to be thrown away, takes most of the time in which a network is made.
"""

from __future__ import annotations

from torch import nn


class Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Leaves them as they are."""


class Conv2d(nn.Conv2d):
    def reset_parameters(self) -> None:
        """Leaves them as they are."""


class ConvTranspose2d(nn.ConvTranspose2d):
    def reset_parameters(self) -> None:
        """Leaves them as they are."""


class LayerNorm(nn.LayerNorm):
    def reset_parameters(self) -> None:
        """Leaves them as they are."""
