"""The weights, and what was measured and compiled for them on this machine."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from rtsep.doctor.facts import ModelFacts, TorchFacts
from rtsep.doctor.outcome import Outcome, advise, ok, problem
from rtsep.doctor.surroundings import Surroundings, existing, short
from rtsep.engine.tuning_time import USUALLY
from rtsep.processes.questions import Failure
from rtsep.weights.cache import Cache, default_folder
from rtsep.weights.registry import DELTAS, NAMES, official_of, unknown_model
from rtsep.weights.resolve import is_path

_COMPILERS = {"darwin": "clang++", "win32": "cl"}  # as PyTorch chooses; g++ elsewhere
_GET_COMPILER = {
    "linux": "sudo apt install g++ (Fedora: dnf install gcc-c++; Arch: pacman -S gcc)",
    "darwin": "xcode-select --install",
    "win32": "install the Build Tools for Visual Studio, and start from their command prompt",
}
_COMPILED_WHY = "a compiled step takes two thirds of the time (README: 62 instead of 90 ms)"


def check_name(here: Surroundings) -> None:
    """Raises ModelError for a model that nobody knows."""
    if is_path(here.model) or here.model in NAMES:
        return
    known = Cache(here.cache).models()
    if here.model not in known:
        raise unknown_model(here.model, known)


def weights(facts: ModelFacts | Failure, here: Surroundings) -> Outcome:
    """Whether the model can be loaded without a network."""
    if isinstance(facts, Failure):
        found, _, advice = facts.reason.partition("; ")
        return problem(
            f"{here.model} cannot be loaded: {found}", advice or _again(here), "nothing separates"
        )
    if facts.loaded:
        return ok(f"{_stored(here)}, verified; runs on {facts.device}")
    damaged = f": {'; '.join(facts.notices)}" if facts.notices else ""
    official = official_of(here.model)
    size = official.download_bytes / 1e6 if official else 0
    return problem(
        f"{here.model} is not in {short(here.cache)}{damaged}",
        f"{_again(here)} ({size:.0f} MB)" if size else "import its file again: rtsep models import",
        "without a network a session cannot start",
    )


def _again(here: Surroundings) -> str:
    if here.model not in NAMES:
        return "see rtsep models"
    return f"rtsep models pull {here.model}{_cache_option(here)}"


def _stored(here: Surroundings) -> str:
    if is_path(here.model):
        return short(Path(here.model).expanduser())
    cache = Cache(here.cache)
    kept = DELTAS.get(here.model, here.model)
    size = sum(path.stat().st_size for path in cache.model_paths(kept))
    others = [name for name in cache.models() if name != kept]
    also = f" (also {', '.join(others)})" if others else ""
    return f"{here.model} in {short(here.cache)}{also}, {size / 1e6:.0f} MB"


def precision(facts: ModelFacts) -> Outcome:
    """What --precision auto and --latency take."""
    if facts.precision == "fp32":
        return ok(f"fp32: bf16, tried now, is not much faster on this {facts.device}")
    return ok(f"{facts.precision}: tried now, much faster than fp32 on this {facts.device}")


def tuning(facts: ModelFacts, here: Surroundings) -> Outcome | None:
    """Whether --latency auto knows what to take."""
    if not facts.loaded:
        return None
    found = facts.tuned
    if found is None:
        return advise(
            f"never tuned for {here.model} on {facts.device} in {facts.precision}",
            f"{_tune(here)}, when the rest of this list is done: {USUALLY}",
            "a session then begins with its latency and need not come nearer while it plays"
            f"{f'; and {_COMPILED_WHY}' if facts.device == 'cpu' else ''}",
        )
    told = (
        f"{1000 * found.latency:.0f} ms: hop {1000 * found.hop:.0f} ms, {found.mode}"
        f"{', compiled' if found.compiled else ''}"
    )
    if found.runs:
        return ok(told)
    return advise(
        f"{told}, but the compiled steps are gone, and nothing else was fast enough",
        _tune(here),
        "until then --latency auto only looks for some seconds at what holds",
    )


def compiled(facts: ModelFacts, here: Surroundings) -> Outcome | None:
    """Whether the tuned setting runs compiled."""
    found = facts.tuned
    if found is None or not found.runs or facts.device != "cpu":
        return None  # told by `tuning`; and on cards steps are recorded, not compiled
    if found.compiled and not found.lost:
        return ok(f"for the hop of {1000 * found.hop:.0f} ms that was tuned")
    command = _tune(here)
    if found.lost:
        return advise(
            "those that were tuned are gone, or older than this version of rtsep or PyTorch",
            command,
            f"{1000 * found.lost:.0f} ms of latency less, as measured here",
        )
    return advise("the tuned setting runs without", command, _COMPILED_WHY)


def compiler(facts: ModelFacts | Failure, here: Surroundings) -> Outcome | None:
    """Whether steps can be compiled."""
    if isinstance(facts, ModelFacts) and facts.device != "cpu":
        return None
    name = here.environment.get("CXX") or _COMPILERS.get(here.platform, "g++")
    path = here.program(name)
    if path is not None:
        return ok(path)
    return advise(f"no {name}", _GET_COMPILER.get(here.platform, "install g++"), _COMPILED_WHY)


def threads(facts: TorchFacts, cores: int) -> Outcome:
    """Whether PyTorch may use the processor."""
    told = f"PyTorch takes {facts.threads} of {cores} cores"
    if facts.threads >= min(cores, 2):
        return ok(told)
    return advise(
        told,
        "unset OMP_NUM_THREADS, and start without taskset or the like",
        "steps take as many times as long",
    )


def _tune(here: Surroundings) -> str:
    model = f" --model {shlex.quote(here.model)}" if here.model != "htdemucs" else ""
    device = f" --compute {here.device}" if here.device != "auto" else ""
    return f"rtsep tune{model}{device}{_cache_option(here)}"


def _cache_option(here: Surroundings) -> str:
    if not os.access(existing(here.cache), os.W_OK):
        return " --cache FOLDER"
    return "" if here.cache == default_folder() else f" --cache {shlex.quote(str(here.cache))}"
