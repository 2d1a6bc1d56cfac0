"""Small random networks, and loading in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from demucs.htdemucs import HTDemucs

from rtsep.config import NetworkConfig
from rtsep.weights.checkpoint import NetworkWeights

SMALL = NetworkConfig(
    channels=8, bottom_channels=32, t_heads=4, t_layers=3, segment=Fraction(39, 5)
)


class Recorder:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.notices: list[str] = []
        self.steps: list[tuple[str, int, int]] = []

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def progress(self, label: str, done: int, total: int) -> None:
        self.steps.append((label, done, total))


def demucs_arguments(config: NetworkConfig) -> dict[str, Any]:
    """What demucs' own training writes into a checkpoint, spelled out independently of rtsep."""
    return {
        "sources": list(config.stems),
        "audio_channels": config.audio_channels,
        "samplerate": config.sample_rate,
        "segment": config.segment,
        "channels": config.channels,
        "growth": config.growth,
        "nfft": config.nfft,
        "depth": config.depth,
        "cac": config.cac,
        "bottom_channels": config.bottom_channels,
        "t_layers": config.t_layers,
        "t_heads": config.t_heads,
        "dconv_mode": 3,
        "norm_starts": max(4, config.depth),
        "t_dropout": 0.02,
        "multi_freqs": [],
        "t_lr": None,
    }


def random_network(
    seed: int = 0, config: NetworkConfig = SMALL, signature: str = ""
) -> NetworkWeights:
    """A network made by demucs itself, half-precision exact like the official ones."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = HTDemucs(**demucs_arguments(config))
    state = {name: tensor.half().float() for name, tensor in module.state_dict().items()}
    return NetworkWeights(signature=signature or f"net{seed}", config=config, state=state)


def same_state(left: NetworkWeights, right: NetworkWeights) -> bool:
    return left.state.keys() == right.state.keys() and all(
        torch.equal(tensor, right.state[name]) for name, tensor in left.state.items()
    )


def fingerprint(state: dict[str, torch.Tensor]) -> str:
    """One hash of all names and values, the same however they were stored."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].float().contiguous().numpy().tobytes())
    return digest.hexdigest()


LOADER = """
import json, sys
from pathlib import Path
from rtsep.errors import RtsepError
from rtsep.weights import load_checkpoint

class Recorder:
    notices, steps = [], []
    def phase(self, text): pass
    def notice(self, text): self.notices.append(text)
    def progress(self, *step): self.steps.append(step)

found = {"error": None, "signatures": [], "weights": []}
try:
    checkpoint = load_checkpoint(sys.argv[1], cache=Path(sys.argv[2]), observer=Recorder())
    found["signatures"] = [network.signature for network in checkpoint.networks]
    found["weights"] = checkpoint.stem_weights
except RtsepError as error:
    found["error"] = [type(error).__name__, str(error)]
print(json.dumps({**found, "notices": Recorder.notices, "steps": Recorder.steps}))
"""


@dataclass
class Loading:
    """`load_checkpoint` in a process of its own, because HF_ENDPOINT is read once per process."""

    process: subprocess.Popen[str]

    def result(self) -> dict[str, Any]:
        output, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors
        loaded: dict[str, Any] = json.loads(output)
        return loaded


def environment(endpoint: str, home: Path, path: str = "") -> dict[str, str]:
    """An environment that reaches `endpoint` only; no npm unless `path` leads to one."""
    return {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "PATH": path,
    }


def start_loading(name: str, cache: Path, endpoint: str, path: str = "") -> Loading:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", LOADER, name, str(cache)],
        env=environment(endpoint, cache.parent, path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Loading(process)


def load_apart(name: str, cache: Path, endpoint: str, path: str = "") -> dict[str, Any]:
    return start_loading(name, cache, endpoint, path).result()


def leftovers(cache: Path) -> list[str]:
    """Everything in a cache folder but the locks."""
    if not cache.exists():
        return []
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))
