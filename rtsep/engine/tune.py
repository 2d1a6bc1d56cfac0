"""Which latency this machine holds with this model, found out by trying.

Live, latency is hop + lookahead + budget: the time that a step may take before its stems are late.
A hop is held when nine of ten steps leave a fifth of it free; the slowest ones, and what waited for
them, decide the budget. Hops are tried from the shortest on, at the pace of a live session, until
longer ones cannot give less latency. A trial ends early when its hop is out of reach, so that most
cost a few steps only. Where steps can be compiled, hops that should be held then are tried again.
What is chosen must prove itself for longer, as a single slow step decides the budget.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from rtsep.config import PACE, REACH_FRAMES, StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.search import COMPILED_SHARE, Search, Work
from rtsep.engine.separator import Separator
from rtsep.engine.trial import (
    LOOKAHEAD_FRAMES,
    Choice,
    Setting,
    Trial,
    best,
    held,
    setting_of,
    stretched,
)
from rtsep.engine.tuning_time import COMPILE_SECONDS, PROOF_SECONDS, RESERVES, TRIAL_SECONDS
from rtsep.errors import ConfigError

__all__ = [
    "COMPILED_SHARE",
    "HOP_FRAMES",
    "Choice",
    "Doing",
    "Setting",
    "Trial",
    "best",
    "setting_of",
    "stretched",
    "try_setting",
    "tune",
]

WINDOW_SECONDS = 2.0
HOP_FRAMES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 32, 40)
PRELIMINARY_STEPS = 5
SLOW_SHARE = 0.1  # of all steps, that may take longer than PACE allows
_STEPS_OUT_OF_REACH = 8  # that a trial takes, about, whose hop is


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What has begun, how many seconds it takes at most, a compilation about, and how many all that
    is likely to follow takes, with the reserves that are compiled once the choice is made."""

    what: str  # "trial", "proof" or "compilation"
    setting: Setting
    seconds: float
    after: float


def tune(
    separator: Separator,
    tell: Callable[[Trial], None] = lambda trial: None,
    compile: Callable[[StreamSpec], bool] | None = None,
    begin: Callable[[Doing], None] = lambda doing: None,
) -> list[Trial]:
    """All trials, in the order in which they were made. `begin` hears of each before it is made.

    With `compile`, which compiles a step or returns false, compiled steps are tried too.
    Raises ConfigError when not even the longest hop can be held.
    """
    search = Search(tuple(_candidates(separator)), compiles=compile is not None)
    compile_seconds = COMPILE_SECONDS
    while work := search.next():
        if work.compiles:
            after = TRIAL_SECONDS + _seconds_after(search, work, compile_seconds)
            begin(_doing(work, "compilation", compile_seconds, after))
            began = time.monotonic()
            assert compile is not None
            if not compile(work.setting.spec(separator)):
                search.compiles = False
                continue
            compile_seconds = time.monotonic() - began
        after = _seconds_after(search, work, compile_seconds)
        begin(_doing(work, "proof" if work.proof else "trial", _seconds(work), after))
        trial = try_setting(separator, work.setting, _seconds(work))
        search.note(work, trial)
        tell(trial)
    _check(separator, search.trials)
    return search.trials


def _doing(work: Work, what: str, seconds: float, after: float) -> Doing:
    return Doing(what=what, setting=work.setting, seconds=seconds, after=after)


def _seconds(work: Work) -> float:
    return PROOF_SECONDS if work.proof else TRIAL_SECONDS


def _seconds_after(search: Search, work: Work, compile_seconds: float) -> float:
    """All that follows `work`, probably."""
    (_, *works), ends_compiled = search.forecast(work)
    left = RESERVES * compile_seconds if ends_compiled else 0.0
    for following, trial in works:
        out_of_reach = _STEPS_OUT_OF_REACH * trial.p50_ms / 1000
        left += _seconds(following) if trial.holds else min(out_of_reach, _seconds(following))
        left += compile_seconds if following.compiles else 0.0
    return left


def _check(separator: Separator, trials: list[Trial]) -> None:
    if not trials:
        raise ConfigError(f"{separator.name} was trained on too short excerpts to be tuned")
    if not held(trials):
        raise ConfigError(
            f"{separator.name} is too slow for live use on this {separator.device}: a step for "
            f"{1000 * trials[-1].setting.hop:.0f} ms takes {trials[-1].p50_ms:.0f} ms; "
            "take a smaller model or a GPU"
        )


def _candidates(separator: Separator) -> Iterator[Setting]:
    """Incremental mode, shortest hops first."""
    for frames in HOP_FRAMES:
        setting = _setting(separator, "incremental", frames)
        if setting.latency + REACH_FRAMES * separator.frame_seconds <= setting.window:
            yield setting


def try_setting(separator: Separator, setting: Setting, seconds: float) -> Trial:
    """The steps of so many seconds, on noise with a full window: a few one after the other, then as
    they come live."""
    hops = separator.hops(setting.spec(separator))
    count = max(round(seconds / setting.hop), PRELIMINARY_STEPS)
    times: list[float] = []
    slow = 0
    for step in itertools.islice(_step_seconds(hops), count):
        times.append(step)
        slow += step > PACE * setting.hop
        if len(times) >= PRELIMINARY_STEPS and slow > min(SLOW_SHARE * count, len(times) / 2):
            break
    return Trial(
        setting=setting,
        compiled=hops.executor == "compiled",
        steps=len(times),
        p50_ms=_percentile(times, 0.5),
        p90_ms=_percentile(times, 1 - SLOW_SHARE),
        answer_ms=round(1000 * max(_answers(times, setting.hop)), 1),
    )


def _answers(times: list[float], hop: float) -> list[float]:
    """From a hop's arrival to its stems, if hops come in time and wait for each other."""
    answers = [0.0]
    for seconds in times:
        answers.append(max(answers[-1] - hop, 0) + seconds)
    return answers[1:]


def _percentile(times: list[float], share: float) -> float:
    """Of so many steps that `share` are no slower, the slowest; in milliseconds."""
    return round(1000 * sorted(times)[int(share * len(times))], 1)


def _step_seconds(hops: HopStream) -> Iterator[float]:
    """Of steps without end; the first two, which set things up, are left out.

    After the preliminary ones they are as far apart as hops are: caches grow cold and threads fall
    asleep in between, as in a live session.
    """
    block = 0.1 * torch.randn(1, hops.channels, hops.spec.hop)
    hop_seconds = hops.spec.hop / hops.spec.sample_rate
    hops.fill()
    for _ in range(2):
        hops.step(block)
    for number in itertools.count():
        began = time.perf_counter()
        hops.step(block)
        seconds = time.perf_counter() - began
        yield seconds
        if number >= PRELIMINARY_STEPS:
            time.sleep(max(hop_seconds - seconds, 0))


def _setting(separator: Separator, mode: str, hop_frames: int) -> Setting:
    frame = separator.frame_seconds
    return Setting(
        mode=mode,
        window=min(WINDOW_SECONDS, separator.longest_window),
        hop=hop_frames * frame,
        lookahead=LOOKAHEAD_FRAMES * frame,
    )
