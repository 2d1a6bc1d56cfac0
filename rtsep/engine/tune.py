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
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

import torch

from rtsep.config import PACE, REACH_FRAMES, UNSEEN, StreamSpec
from rtsep.engine.separator import Separator
from rtsep.engine.stream import HopStream
from rtsep.errors import ConfigError

WINDOW_SECONDS = 2.0
LOOKAHEAD_FRAMES = 2  # what the first milliseconds of lookahead gain, the next ones do not
MOST_LOOKAHEAD_FRAMES = 4
HOP_FRAMES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 32, 40)
PRELIMINARY_STEPS = 5
TRIAL_SECONDS = 30.0
PROOF_SECONDS = 120.0
SLOW_SHARE = 0.1  # of all steps, that may take longer than PACE allows
COMPILED_SHARE = 0.65  # of a step's time, as a forecast; each compilation takes minutes
MOST_COMPILED = 3
_ROUNDING = 1e-6  # of a frame


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What `Separator.stream` takes; times in seconds."""

    mode: str
    window: float
    hop: float
    lookahead: float

    @property
    def latency(self) -> float:
        return self.hop + self.lookahead

    def spec(self, separator: Separator) -> StreamSpec:
        return separator.spec(**asdict(self))


def setting_of(spec: StreamSpec) -> Setting:
    rate = spec.sample_rate
    return Setting(
        mode=spec.mode,
        window=spec.window / rate,
        hop=spec.hop / rate,
        lookahead=spec.lookahead / rate,
    )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Steps of one setting, in milliseconds.

    An answer is a step and what its hop waited for the steps before it; `answer_ms` is the slowest.
    """

    setting: Setting
    compiled: bool
    steps: int
    p50_ms: float
    p90_ms: float
    answer_ms: float

    @property
    def holds(self) -> bool:
        return self.p90_ms < 1000 * PACE * self.setting.hop

    @property
    def budget(self) -> float:
        """Seconds that a live step may take: a hop, or more where answers are sometimes slow. A
        session is longer than a trial, and will see slower ones."""
        slowest = self.p50_ms + UNSEEN * (self.answer_ms - self.p50_ms)
        return max(self.setting.hop, slowest / 1000)

    @property
    def latency(self) -> float:
        """Of a live session but for its devices, in seconds."""
        return self.setting.latency + self.budget


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a session shall run with; the budget in seconds."""

    setting: Setting
    budget: float


def tune(
    separator: Separator,
    tell: Callable[[Trial], None] = lambda trial: None,
    compile: Callable[[StreamSpec], bool] | None = None,
) -> list[Trial]:
    """All trials, in the order in which they were made.

    With `compile`, which compiles a step or returns false, compiled steps are tried too.
    Raises ConfigError when not even the longest hop can be held.
    """
    tuning = _Tuning(separator, tell, compile)
    tuning.search()
    trials = tuning.trials
    if not trials:
        raise ConfigError(f"{separator.name} was trained on too short excerpts to be tuned")
    if not _held(trials):
        raise ConfigError(
            f"{separator.name} is too slow for live use on this {separator.device}: a step for "
            f"{1000 * trials[-1].setting.hop:.0f} ms takes {trials[-1].p50_ms:.0f} ms; "
            "take a smaller model or a GPU"
        )
    exact = replace(best(trials).setting, mode="exact")
    tuning.attempt(exact, TRIAL_SECONDS)  # never faster, but better
    proven: set[Setting] = set()
    while (setting := best(trials).setting) not in proven:
        proven.add(setting)
        tuning.attempt(setting, PROOF_SECONDS)
        tuning.search()  # a longer hop, if that was too short after all
    return trials


class _Tuning:
    """The trials so far, and what else is worth one."""

    def __init__(
        self,
        separator: Separator,
        tell: Callable[[Trial], None],
        compile: Callable[[StreamSpec], bool] | None,
    ) -> None:
        self.trials: list[Trial] = []
        self._separator, self._tell, self._compile = separator, tell, compile
        self._compiled: set[Setting] = set()

    def attempt(self, setting: Setting, seconds: float) -> None:
        self.trials.append(try_setting(self._separator, setting, seconds))
        self._tell(self.trials[-1])

    def search(self) -> None:
        """Try all that may give less latency than what is held; first as it comes, then compiled,
        unless that has failed once."""
        tried = {trial.setting for trial in self.trials}
        for setting in _candidates(self._separator):
            if setting not in tried and _pays(setting, self.trials):
                self.attempt(setting, TRIAL_SECONDS)
        for setting in _worth_compiling(self.trials):
            if setting in self._compiled:
                continue
            if len(self._compiled) == MOST_COMPILED or not _pays(setting, self.trials):
                break
            if not self._compile or not self._compile(setting.spec(self._separator)):
                self._compile = None
                break
            self._compiled.add(setting)
            self.attempt(setting, TRIAL_SECONDS)


def best(trials: list[Trial]) -> Trial:
    """The smallest latency that is held. Raises ConfigError when nothing holds."""
    held = _held(trials)
    if not held:
        raise ConfigError("no setting was held by this machine; run `rtsep tune`")
    return min(held, key=lambda trial: (round(trial.latency, 6), trial.setting.mode != "exact"))


def _candidates(separator: Separator) -> Iterator[Setting]:
    """Incremental mode, shortest hops first."""
    for frames in HOP_FRAMES:
        setting = _setting(separator, "incremental", frames)
        if setting.latency + REACH_FRAMES * separator.frame_seconds <= setting.window:
            yield setting


def _held(trials: list[Trial]) -> list[Trial]:
    """Those that hold; of a setting, the last trial counts: of compiled steps, if there are any,
    for those are what a session runs."""
    latest = {trial.setting: trial for trial in trials}
    return [trial for trial in latest.values() if trial.holds]


def _pays(setting: Setting, trials: list[Trial]) -> bool:
    """Whether it can give less latency than what is held already: a budget is at least a hop."""
    least = setting.latency + setting.hop
    return not any(trial.latency <= least for trial in _held(trials))


def _worth_compiling(trials: list[Trial]) -> list[Setting]:
    """Settings that should be held when they are compiled, shortest hops first."""
    return [
        trial.setting
        for trial in trials
        if not trial.compiled
        and trial.setting.mode == "incremental"
        and COMPILED_SHARE * trial.p90_ms < 1000 * PACE * trial.setting.hop
    ]


def stretched(setting: Setting, latency: float, frame: float) -> Setting:
    """`setting` with a latency in seconds made the best of: first lookahead, as far as it pays,
    then a longer hop, which leaves each step more time.

    Raises ConfigError for a latency that the machine does not hold.
    """
    room = math.floor((latency - setting.latency) / frame + _ROUNDING)
    if room < 0:
        raise ConfigError(
            f"this machine holds {1000 * setting.latency:.0f} ms, not {1000 * latency:.0f} ms; "
            "ask for more, or take --latency auto"
        )
    fits = math.floor((setting.window - setting.latency) / frame + _ROUNDING) - REACH_FRAMES
    room = min(room, fits)
    lookahead = min(room, MOST_LOOKAHEAD_FRAMES - LOOKAHEAD_FRAMES)
    return replace(
        setting,
        lookahead=setting.lookahead + lookahead * frame,
        hop=setting.hop + (room - lookahead) * frame,
    )


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
