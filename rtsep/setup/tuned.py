"""The settings that were found for this machine and model, kept until either changes."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from rtsep.atomic import write_text_atomically
from rtsep.engine.look import look
from rtsep.engine.separator import Separator
from rtsep.engine.tune import Choice, Setting, Trial, best, setting_of, stretched
from rtsep.errors import ConfigError
from rtsep.machine import processor
from rtsep.weights.cache import default_folder

LONGEST_MS = 60_000  # that a step can have taken


def chosen(
    separator: Separator,
    latency: float = 0.0,
    *,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Choice:
    """As `tuned`; on a machine that was never tuned, what a look of some seconds finds."""
    choice = tuned(separator, latency, cache=cache, say=say)
    if choice:
        return choice
    found = look(separator)
    setting = setting_of(found.hops.spec)
    if latency:
        setting = stretched(setting, latency, separator.frame_seconds)
    return Choice(setting=setting, budget=max(found.budget, setting.hop))


def tuned(
    separator: Separator,
    latency: float = 0.0,
    *,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Choice | None:
    """The smallest latency that this machine holds, or the best use of `latency` seconds for hop
    and lookahead; None if it was never tuned, or what was found can no longer be run.

    Raises ConfigError for a latency out of reach.
    """
    trials = [each for each in remembered(separator, cache) or () if can_be_run(separator, each)]
    if not any(trial.holds for trial in trials):
        return None
    found = best(trials)
    setting = found.setting
    if latency:
        setting = stretched(setting, latency, separator.frame_seconds)
        if found.compiled and not separator.is_compiled(setting.spec(separator)):
            say(_how_to_compile(separator, setting))
            setting = found.setting
    return Choice(setting=setting, budget=max(found.budget, setting.hop))


def remember(separator: Separator, trials: Sequence[Trial], cache: Path | None = None) -> None:
    """In place of what was measured before."""
    text = json.dumps({"what": _what(separator), "trials": [asdict(t) for t in trials]}, indent=1)
    path = _path(separator, cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, text + "\n")


def remembered(separator: Separator, cache: Path | None = None) -> list[Trial] | None:
    """What was measured before; None if nothing was, or cannot be read."""
    try:
        kept = json.loads(_path(separator, cache).read_text())
        trials = [_trial(separator, trial) for trial in kept["trials"]]
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, ConfigError):
        return None
    return trials if any(trial.holds for trial in trials) else None


def _trial(separator: Separator, kept: dict[str, Any]) -> Trial:
    """Raises all sorts for what `remember` did not write."""
    trial = Trial(**(kept | {"setting": Setting(**kept["setting"])}))
    trial.setting.spec(separator)
    times = (trial.p50_ms, trial.p90_ms, trial.answer_ms)
    if type(trial.compiled) is not bool or not all(0 <= ms <= LONGEST_MS for ms in times):
        raise ValueError("no trial")
    return trial


def _how_to_compile(separator: Separator, setting: Setting) -> str:
    """A longer hop as it comes would take longer than the shorter one does compiled."""
    return (
        "for want of a compiled step a smaller latency is taken; to use all of it, run "
        f"`rtsep compile --model {separator.name} --precision {separator.precision.name} "
        f"--window {setting.window:g} --hop {1000 * setting.hop:.0f} "
        f"--lookahead {1000 * setting.lookahead:.0f} --mode {setting.mode}`"
    )


def can_be_run(separator: Separator, trial: Trial) -> bool:
    """Compiled steps may have been deleted since, or are not wanted this time."""
    return not trial.compiled or separator.is_compiled(trial.setting.spec(separator))


def _what(separator: Separator) -> dict[str, Any]:
    """All that a result depends on."""
    device = separator.device
    return {
        "format": 4,
        "torch": torch.__version__,
        "model": separator.name,
        "precision": separator.precision.name,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "machine": platform.machine(),
        "processor": processor(),
        "threads": torch.get_num_threads(),
    }


def _path(separator: Separator, cache: Path | None) -> Path:
    key = hashlib.sha256(json.dumps(_what(separator), sort_keys=True).encode()).hexdigest()[:16]
    return (cache or default_folder()) / f"tuning-{key}.json"
