"""One network on one device in every precision and executor, and `demucs` with the same weights.

What the benchmarks of a card share. On a processor there are fewer ways: figures mean little then,
but all of the code has run.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from demucs.htdemucs import HTDemucs as Reference
from torch import Tensor

from bench.hardware import hardware
from rtsep.atomic import write_text_atomically
from rtsep.config import NetworkConfig, StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.precision import FP32, choose_precision, products_in
from rtsep.engine.separator import Separator
from rtsep.model.bag import Bag
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.state import build_network
from rtsep.setup.load import choose_device
from rtsep.setup.runtime import prepare_process
from rtsep.weights import load_checkpoint
from tests.networks import reference

FRAME = 1024
WINDOW, HOP, LOOKAHEAD = 86, 1, 2  # frames: 2 s, 23 ms, 46 ms
MODES = ("exact", "incremental")


def parser(description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--device", default="cuda", help="cuda or cpu")
    made.add_argument("--json", type=Path, help="file that every figure is written to at once")
    return made


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The weights that all ways share, and where they run."""

    config: NetworkConfig
    state: dict[str, Tensor]
    device: torch.device

    @classmethod
    def of(cls, args: argparse.Namespace) -> Ways:
        device = choose_device(args.device)
        (weights,) = load_checkpoint("htdemucs").networks
        return cls(config=weights.config, state=weights.state, device=device)

    @cached_property
    def _network(self) -> HTDemucs:
        return build_network(self.config, self.state)

    @property
    def on_card(self) -> bool:
        return self.device.type == "cuda"

    @property
    def precisions(self) -> tuple[str, ...]:
        return ("fp32", "tf32", "bf16", "fp16") if self.on_card else ("fp32", "bf16")

    @property
    def executors(self) -> tuple[str, ...]:
        return ("eager", "graph") if self.on_card else ("eager",)

    @property
    def best(self) -> tuple[str, str]:
        """Precision and executor that are meant for live use."""
        return "bf16", self.executors[-1]

    def separator(self, precision: str, executor: str) -> Separator:
        bag = Bag([copy.deepcopy(self._network)], [[1.0] * len(self.config.stems)])
        products = choose_precision(precision, self.device)
        return Separator("htdemucs", bag, self.device, products, executor)

    def spec(self, mode: str, hop: int = HOP) -> StreamSpec:
        frame = FRAME / self.config.sample_rate
        return StreamSpec.from_seconds(
            self.config,
            window=WINDOW * frame,
            hop=hop * frame,
            lookahead=LOOKAHEAD * frame,
            mode=mode,
        )

    def hops(self, mode: str, precision: str, executor: str) -> HopStream:
        return self.separator(precision, executor).hops(self.spec(mode))

    def peers(self, window: Tensor) -> dict[str, Callable[[], None]]:
        """`demucs` on a window: as it comes, which on a card rounds the factors of convolutions to
        TF32, and without that."""
        network: Reference = reference(self.config)
        network.load_state_dict(self.state)
        network.to(self.device)
        window = window.to(self.device)

        @torch.inference_mode()
        def forward() -> None:
            network(window)
            self.wait()

        def strictly() -> None:
            with products_in(FP32, self.device):
                forward()

        return (
            {"demucs": forward, "demucs, fp32": strictly} if self.on_card else {"demucs": forward}
        )

    def wait(self) -> None:
        if self.on_card:
            torch.cuda.synchronize()


class Figures:
    """Results as they come, on disk at once: whoever is stopped leaves what was found so far."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.found: dict[str, Any] = {"hardware": hardware()}

    def note(self, name: str, value: Any) -> None:
        self.found[name] = value
        print(f"{name}: {json.dumps(value)}", flush=True)
        if self._path:
            write_text_atomically(self._path, json.dumps(self.found, indent=1) + "\n")

    def attempt(self, name: str, find: Callable[[], Any]) -> None:
        """Note what `find` finds, or why it did not, and go on."""
        try:
            value = find()
        except Exception as error:  # of PyTorch, CUDA, cuDNN: all sorts
            value = {"failed": f"{type(error).__name__}: {error}"[:2000]}
        self.note(name, value)


def ready(args: argparse.Namespace) -> tuple[Ways, Figures] | None:
    """None on a machine that lacks the card that is asked for, which is said."""
    if args.device == "cuda" and not torch.cuda.is_available():
        print("skipped: no CUDA device")
        return None
    prepare_process()
    return Ways.of(args), Figures(args.json)
