"""What a stream can be set to, what came of trying it, and which of all that is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from rtsep.config import PACE, REACH_FRAMES, UNSEEN, StreamSpec
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError

MOST_LOOKAHEAD_FRAMES = 4
LOOKAHEAD_FRAMES = 2  # what the first milliseconds of lookahead gain, the next ones do not
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


def best(trials: Sequence[Trial]) -> Trial:
    """The smallest latency that is held. Raises ConfigError when nothing holds."""
    holding = held(trials)
    if not holding:
        raise ConfigError("no setting was held by this machine; run `rtsep tune`")
    return min(holding, key=lambda trial: (round(trial.latency, 6), trial.setting.mode != "exact"))


def held(trials: Sequence[Trial]) -> list[Trial]:
    """Those that hold; of a setting, the last trial counts: of compiled steps, if there are any,
    for those are what a session runs."""
    latest = {trial.setting: trial for trial in trials}
    return [trial for trial in latest.values() if trial.holds]


def pays(setting: Setting, trials: Sequence[Trial]) -> bool:
    """Whether it can give less latency than what is held already: a budget is at least a hop."""
    least = setting.latency + setting.hop
    return not any(trial.latency <= least for trial in held(trials))


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
