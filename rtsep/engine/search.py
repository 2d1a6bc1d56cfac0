"""What tuning tries next, from what it has seen, and what it will probably try after that.

Knows no clock and runs nothing: outcomes are told to it, or pretended for a forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rtsep.config import PACE
from rtsep.engine.trial import Setting, Trial, best, held, pays
from rtsep.engine.tuning_time import MOST_COMPILED

# Of a step's time, as a forecast until one was compiled; each compilation takes minutes.
COMPILED_SHARE = 0.55
_EXACT_SHARE = 4.0  # of an incremental step's time; this too is a forecast only
_FIRST_MS = 100.0  # a step, before there was any


@dataclass(frozen=True, kw_only=True)
class Work:
    """A trial to make, if `compiles` of a step that is compiled first. A proof lasts longer."""

    setting: Setting
    compiles: bool = False
    proof: bool = False


@dataclass
class Search:
    """Over `settings`, of incremental mode and with the shortest hops first."""

    settings: Sequence[Setting]
    compiles: bool  # false once that has failed
    trials: list[Trial] = field(default_factory=list)
    compiled: set[Setting] = field(default_factory=set)
    proven: set[Setting] = field(default_factory=set)

    def next(self) -> Work | None:
        """None when the best setting has proven itself, or none is held."""
        return next(self._works(), None)

    def note(self, work: Work, trial: Trial) -> None:
        """What came of it."""
        self.trials.append(trial)
        if work.compiles:
            self.compiled.add(work.setting)
        if work.proof:
            self.proven.add(work.setting)

    def forecast(self, work: Work) -> tuple[list[tuple[Work, Trial]], bool]:
        """`work` and what is probably left after it, with the likely outcomes, if steps go on to
        take as long as they did; and whether the choice will be a compiled one."""
        ahead = replace(
            self,
            trials=list(self.trials),
            compiled=set(self.compiled),
            proven=set(self.proven),
        )
        found: list[tuple[Work, Trial]] = []
        following: Work | None = work
        while following:
            trial = ahead._likely(following)
            ahead.note(following, trial)
            found.append((following, trial))
            following = ahead.next()
        if not held(ahead.trials):
            return found, False
        chosen = best(ahead.trials)
        return found, chosen.compiled or chosen.setting in ahead.compiled

    def _works(self) -> Iterator[Work]:
        """First all that may give less latency than what is held, as it comes and then compiled;
        then what is never faster, but better; then the proof, which may show that the hop was too
        short after all."""
        tried = {trial.setting for trial in self.trials}
        for setting in self.settings:
            if setting not in tried and pays(setting, self.trials):
                yield Work(setting=setting)
        if self.compiles:
            yield from self._compilations()
        if not held(self.trials):
            return
        chosen = best(self.trials).setting
        if not any(setting.mode == "exact" for setting in tried):
            yield Work(setting=replace(chosen, mode="exact"))
        if chosen not in self.proven:
            yield Work(setting=chosen, proof=True)

    def _compilations(self) -> Iterator[Work]:
        if len(self.compiled) == MOST_COMPILED:
            return
        for setting in self._worth_compiling():
            if setting not in self.compiled:
                if pays(setting, self.trials):
                    yield Work(setting=setting, compiles=True)
                return

    def _worth_compiling(self) -> list[Setting]:
        """Settings that should be held when they are compiled, shortest hops first."""
        return [
            trial.setting
            for trial in self.trials
            if not trial.compiled
            and trial.setting.mode == "incremental"
            and self._share() * trial.p90_ms < 1000 * PACE * trial.setting.hop
        ]

    def _share(self) -> float:
        """Of the time of a step, that a compiled one takes here: the least that was seen."""
        as_it_comes = {trial.setting: trial.p90_ms for trial in self.trials if not trial.compiled}
        shares = [
            trial.p90_ms / as_it_comes[trial.setting]
            for trial in self.trials
            if trial.compiled and trial.setting in as_it_comes
        ]
        return min(shares, default=COMPILED_SHARE)

    def _likely(self, work: Work) -> Trial:
        """Steps take as long as they did with this setting, or else with the last one."""
        setting = work.setting
        same = [trial for trial in self.trials if trial.setting == setting]
        if same:
            ms, compiled = same[-1].p90_ms, same[-1].compiled
        else:
            ms, compiled = self._incremental_ms(), False
            ms *= _EXACT_SHARE if setting.mode == "exact" else 1.0
        if work.compiles:
            ms, compiled = self._share() * ms, True
        return Trial(
            setting=setting, compiled=compiled, steps=0, p50_ms=ms, p90_ms=ms, answer_ms=ms
        )

    def _incremental_ms(self) -> float:
        """Of a step as it comes."""
        for trial in reversed(self.trials):
            if trial.setting.mode == "incremental":
                return trial.p90_ms / (self._share() if trial.compiled else 1.0)
        return _FIRST_MS
