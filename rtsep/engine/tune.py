"""Which latency this machine holds with this model, found out by trying.

Hops are tried from the shortest on, at the pace of a live session; the first one whose slowest step
leaves a fifth of the hop free is taken. A trial ends early when its hop is out of reach, so that
most cost a few steps only. Where steps can be compiled, shorter hops are then tried compiled, from
the one on that should hold.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

import torch

from rtsep.config import PACE, REACH_FRAMES, StreamSpec
from rtsep.engine.separator import Separator
from rtsep.engine.stream import HopStream
from rtsep.errors import ConfigError

WINDOW_SECONDS = 2.0
LOOKAHEAD_FRAMES = 2  # what the first milliseconds of lookahead gain, the next ones do not
MOST_LOOKAHEAD_FRAMES = 4
HOP_FRAMES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 32, 40)
PRELIMINARY_STEPS = 5
TRIAL_SECONDS = 20.0
MOST_STEPS = 1000  # enough for a p99.9
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


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Steps of one setting, in milliseconds. `p999_ms` of a short trial is its slowest step."""

    setting: Setting
    compiled: bool
    steps: int
    p50_ms: float
    p999_ms: float

    @property
    def holds(self) -> bool:
        return self.p999_ms < 1000 * PACE * self.setting.hop


def tune(
    separator: Separator,
    tell: Callable[[Trial], None] = lambda trial: None,
    compile: Callable[[StreamSpec], bool] | None = None,
) -> list[Trial]:
    """All trials, in the order in which they were made; the last one that holds is the result.

    With `compile`, which compiles a step or returns false, compiled steps are tried too.
    Raises ConfigError when not even the longest hop can be held.
    """
    trials: list[Trial] = []

    def held(setting: Setting) -> bool:
        trials.append(try_setting(separator, setting))
        tell(trials[-1])
        return trials[-1].holds

    _try_as_they_are(separator, held)
    if not trials:
        raise ConfigError(f"{separator.name} was trained on too short excerpts to be tuned")
    if compile:
        for setting in _worth_compiling(trials):
            if not compile(setting.spec(separator)) or held(setting):
                break
    if not any(trial.holds for trial in trials):
        raise ConfigError(
            f"{separator.name} is too slow for live use on this {separator.device}: a step for "
            f"{1000 * trials[-1].setting.hop:.0f} ms takes {trials[-1].p50_ms:.0f} ms; "
            "take a smaller model or a GPU"
        )
    return trials


def _try_as_they_are(separator: Separator, held: Callable[[Setting], bool]) -> None:
    """From the shortest hop on until one is held."""
    for frames in HOP_FRAMES:
        setting = _setting(separator, "incremental", frames)
        if setting.latency + REACH_FRAMES * separator.frame_seconds > setting.window:
            return
        if held(setting):
            held(replace(setting, mode="exact"))  # never faster, but better
            return


def _worth_compiling(trials: list[Trial]) -> list[Setting]:
    """Settings whose steps should hold when they are compiled, shortest hops first."""
    slowest = max((trial.p999_ms / trial.p50_ms for trial in trials if trial.holds), default=1.0)
    return [
        trial.setting
        for trial in trials
        if trial.setting.mode == "incremental"
        and not trial.compiled
        and COMPILED_SHARE * trial.p50_ms * slowest < 1000 * PACE * trial.setting.hop
    ][:MOST_COMPILED]


def best(trials: list[Trial]) -> Setting:
    """Raises ConfigError when nothing holds."""
    held = [trial.setting for trial in trials if trial.holds]
    if not held:
        raise ConfigError("no setting was held by this machine; run `rtsep tune`")
    return held[-1]


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


def try_setting(separator: Separator, setting: Setting) -> Trial:
    """Steps on noise with a full window: a few one after the other, then as they come live."""
    times = []
    hops = separator.hops(setting.spec(separator))
    began = time.perf_counter()
    for seconds in _step_seconds(hops):
        times.append(seconds)
        enough = len(times) >= MOST_STEPS or time.perf_counter() - began > TRIAL_SECONDS
        late = max(times) if len(times) > PRELIMINARY_STEPS else statistics.median(times)
        if len(times) >= PRELIMINARY_STEPS and (enough or late > PACE * setting.hop):
            break
    times.sort()
    return Trial(
        setting=setting,
        compiled=hops.executor == "compiled",
        steps=len(times),
        p50_ms=round(1000 * statistics.median(times), 1),
        p999_ms=round(1000 * times[int(0.999 * len(times))], 1),
    )


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
