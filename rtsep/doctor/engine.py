"""What PyTorch and the model are here. Imports torch: asked in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rtsep.doctor.facts import Card, ModelFacts, TorchFacts, Tuned
from rtsep.engine.precision import choose_precision, fastest_precision
from rtsep.engine.separator import Separator
from rtsep.engine.tune import Trial, best
from rtsep.setup.load import assembled, choose_device
from rtsep.setup.runtime import share_cores
from rtsep.setup.tuned import can_be_run, remembered
from rtsep.weights.resolve import stored


def look_at_torch() -> TorchFacts:
    """Starts CUDA where there is a card."""
    return TorchFacts(
        version=torch.__version__,
        cuda=torch.version.cuda,
        hip=torch.version.hip,
        mps=torch.mps.is_available(),
        threads=torch.get_num_threads(),
        cards=tuple(_card(index) for index in range(torch.cuda.device_count())),
        why_none=_why_none(),
        built_for=tuple(torch.cuda.get_arch_list()),
    )


def _why_none() -> str:
    """What CUDA says when it does not start; empty where it does, or was not built in."""
    if torch.version.cuda is None and torch.version.hip is None:
        return ""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return str(error).partition("\n")[0]
    return ""


def _card(index: int) -> Card:
    known = torch.cuda.get_device_properties(index)
    free, total = torch.cuda.mem_get_info(index)
    return Card(
        name=known.name,
        capability=(known.major, known.minor),
        total_bytes=total,
        free_bytes=free,
    )


@dataclass
class _Notices:
    """An observer that remembers."""

    texts: list[str]

    def phase(self, text: str) -> None:
        """Whoever asks waits for the answer only."""

    def notice(self, text: str) -> None:
        self.texts.append(text)

    def progress(self, label: str, done: int, total: int) -> None:
        """Nothing is fetched."""


def look_at_model(name: str, device: str, cache: Path) -> ModelFacts:
    """Load it as a session with --latency auto does, if it is stored here.

    Raises ModelError for a name or a file that is no model, ConfigError for a device that is not
    there.
    """
    notices = _Notices([])
    chosen = choose_device(device)
    precision = choose_precision("auto", chosen, fastest_precision)
    checkpoint = stored(name, cache, notices)
    if checkpoint is None:
        return ModelFacts(
            device=chosen.type, precision=precision.name, loaded=False,
            notices=tuple(notices.texts), tuned=None,
        )  # fmt: skip
    separator = assembled(checkpoint, chosen, precision, "auto", cache)
    share_cores()
    return ModelFacts(
        device=chosen.type,
        precision=precision.name,
        loaded=True,
        notices=tuple(notices.texts),
        tuned=_tuned(separator, cache),
    )


def _tuned(separator: Separator, cache: Path) -> Tuned | None:
    """What --latency auto would take; None if it was never tuned."""
    trials = remembered(separator, cache)
    if trials is None:
        return None
    wanted = best(trials)
    rest = [trial for trial in trials if trial.holds and can_be_run(separator, trial)]
    if not rest:  # only compiled steps were fast enough, and they are gone
        return Tuned(**_figures(wanted), lost=0.0, runs=False)
    taken = best(rest)
    return Tuned(**_figures(taken), lost=taken.latency - wanted.latency, runs=True)


def _figures(trial: Trial) -> dict[str, Any]:
    return {
        "mode": trial.setting.mode,
        "hop": trial.setting.hop,
        "latency": trial.latency,
        "compiled": trial.compiled,
    }
