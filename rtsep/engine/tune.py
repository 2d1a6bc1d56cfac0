"""Which latency this machine holds with this model, found out by trying.

Hops are tried from the shortest on; the first one whose slowest step leaves a fifth of the hop free
is taken. A trial ends early when its hop is out of reach, so that most cost a few steps only.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from rtsep.config import MODES, PACE, REACH_FRAMES
from rtsep.engine.separator import Separator
from rtsep.engine.stream import HopStream
from rtsep.errors import ConfigError

WINDOW_SECONDS = 2.0
LOOKAHEAD_FRAMES = 2  # what the first milliseconds of lookahead gain, the next ones do not
MOST_LOOKAHEAD_FRAMES = 4
HOP_FRAMES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 32, 40)
PRELIMINARY_STEPS = 5
TRIAL_SECONDS = 6.0
MOST_STEPS = 1000  # enough for a p99.9
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

    def hops(self, separator: Separator) -> HopStream:
        return separator.hops(
            window=self.window, hop=self.hop, lookahead=self.lookahead, mode=self.mode
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Steps of one setting, in milliseconds. `p999_ms` of a short trial is its slowest step."""

    setting: Setting
    steps: int
    p50_ms: float
    p999_ms: float

    @property
    def holds(self) -> bool:
        return self.p999_ms < 1000 * PACE * self.setting.hop


def tune(separator: Separator, tell: Callable[[Trial], None] = lambda trial: None) -> list[Trial]:
    """All trials, in the order in which they were made; the last one that holds is the result.

    Raises ConfigError when not even the longest hop can be held.
    """
    trials: list[Trial] = []
    for frames in HOP_FRAMES:
        for mode in reversed(MODES):
            setting = _setting(separator, mode, frames)
            if setting.latency + REACH_FRAMES * separator.frame_seconds > setting.window:
                break
            trial = try_setting(separator, setting)
            tell(trial)
            trials.append(trial)
            if not trial.holds:
                break  # exact mode is never faster
        if any(trial.holds for trial in trials):
            return trials
    if not trials:
        raise ConfigError(f"{separator.name} was trained on too short excerpts to be tuned")
    raise ConfigError(
        f"{separator.name} is too slow for live use on this {separator.device}: a step for "
        f"{1000 * trials[-1].setting.hop:.0f} ms takes {trials[-1].p50_ms:.0f} ms; "
        "take a smaller model or a GPU"
    )


def best(trials: list[Trial]) -> Setting:
    return next(trial.setting for trial in reversed(trials) if trial.holds)


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
    """Steps on noise with a full window, one after the other."""
    times = []
    deadline = PACE * setting.hop
    began = time.perf_counter()
    for seconds in _step_seconds(setting.hops(separator)):
        times.append(seconds)
        out_of_reach = statistics.median(times) > deadline
        if len(times) >= PRELIMINARY_STEPS and (out_of_reach or _enough(times, began)):
            break
    times.sort()
    return Trial(
        setting=setting,
        steps=len(times),
        p50_ms=round(1000 * statistics.median(times), 1),
        p999_ms=round(1000 * times[int(0.999 * len(times))], 1),
    )


def _enough(times: list[float], began: float) -> bool:
    return len(times) >= MOST_STEPS or time.perf_counter() - began > TRIAL_SECONDS


def _step_seconds(hops: HopStream) -> Iterator[float]:
    """Of steps without end; the first two, which set things up, are left out."""
    block = 0.1 * torch.randn(1, hops.channels, hops.spec.hop)
    hops.fill()
    for _ in range(2):
        hops.step(block)
    while True:
        began = time.perf_counter()
        hops.step(block)
        yield time.perf_counter() - began


def _setting(separator: Separator, mode: str, hop_frames: int) -> Setting:
    frame = separator.frame_seconds
    return Setting(
        mode=mode,
        window=min(WINDOW_SECONDS, separator.longest_window),
        hop=hop_frames * frame,
        lookahead=LOOKAHEAD_FRAMES * frame,
    )
