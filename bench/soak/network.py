"""A network whose stems are known: each is a fixed part of the mixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rtsep.config import STEMS_4, STEMS_6, NetworkConfig
from rtsep.dsp.stft import STFT
from rtsep.model.past import NOTHING, Past

# Different ones, so that stems that change places are noticed; they sum to 1.
SHARES = {4: (0.1, 0.2, 0.3, 0.4), 6: (0.05, 0.1, 0.15, 0.2, 0.22, 0.28)}


def config_of(stems: int, channels: int) -> NetworkConfig:
    return NetworkConfig(stems=STEMS_4 if stems == 4 else STEMS_6, audio_channels=channels)


def shares_of(stems: int) -> np.ndarray[Any, Any]:
    return np.array(SHARES[stems])


class ShareNetwork:
    """Costs next to nothing, so that hours are made of the code around it."""

    complete = True

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        self.stems = config.stems
        self.stft = STFT(config.nfft)
        self.broken = False  # the results are NaN, as of a processor that fails
        self._shares = torch.tensor(SHARES[len(config.stems)])[None, :, None, None]

    def separate(self, mix: Tensor, spec: Tensor, keep: slice, past: Past = NOTHING) -> Tensor:
        stems = mix[:, None, :, keep] * self._shares
        return stems * torch.nan if self.broken else stems
