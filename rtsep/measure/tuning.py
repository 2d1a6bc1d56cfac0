"""Tune this machine for a model as a live session uses it, and keep the outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rtsep.config import StreamSpec
from rtsep.engine.separator import Separator
from rtsep.engine.tune import Doing, Trial, tune
from rtsep.measure.rehearsal import audio_at_work
from rtsep.setup.tuned import remember


def measure(
    separator: Separator,
    *,
    cache: Path | None = None,
    tell: Callable[[Trial], None] = lambda trial: None,
    compile: Callable[[StreamSpec], bool] | None = None,
    begin: Callable[[Doing], None] = lambda doing: None,
) -> list[Trial]:
    """Tune anew, as `tune` does, beside the work of an audio process; remember the outcome. One
    that is interrupted changes nothing, since what was not proven yet is no outcome."""
    with audio_at_work(len(separator.stems), separator.channels, separator.sample_rate):
        trials = tune(separator, tell, compile, begin)
    remember(separator, trials, cache)
    return trials
