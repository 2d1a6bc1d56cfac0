"""Tuning finds the smallest latency, for machines that are fast, slow, uneven, or hopeless."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine import tune as tuning
from rtsep.engine.hops import HopStream
from rtsep.engine.separator import Separator
from rtsep.engine.tune import PRELIMINARY_STEPS, Choice, Setting, Trial, best, stretched, tune
from rtsep.errors import ConfigError
from rtsep.measure.tuning import measure
from rtsep.setup.tuned import remembered, tuned

FRAME = 1024 / 44100  # seconds
Clock = Callable[[str, float], float]  # (mode, hop in seconds) -> seconds of a step


@pytest.fixture(scope="module")
def separator() -> Separator:
    return Separator("small", small_bag(), torch.device("cpu"))


def chosen_of(trial: Trial) -> Choice:
    return Choice(setting=trial.setting, budget=trial.budget)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Clock], None]:
    """Pretend that steps take so long."""

    def pretend(clock: Clock) -> None:
        def steps(hops: HopStream) -> Iterator[float]:
            while True:
                yield clock(hops.spec.mode, hops.spec.hop / hops.spec.sample_rate)

        monkeypatch.setattr(tuning, "_step_seconds", steps)

    return pretend


def test_a_fast_machine_holds_a_frame_in_exact_mode(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    machine(lambda mode, hop: 0.001)
    found = best(tune(separator))
    assert (found.setting.mode, found.setting.hop) == ("exact", pytest.approx(1024 / 44100))
    assert found.budget == found.setting.hop


def test_a_slow_one_takes_the_shortest_hop_with_a_fifth_to_spare(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    machine(lambda mode, hop: 0.6 if mode == "exact" else 0.1)
    trials = tune(separator)
    chosen = best(trials).setting
    assert chosen.mode == "incremental"
    assert 0.8 * chosen.hop > 0.1 >= 0.8 * (chosen.hop - 1024 / 44100)
    assert all(trial.steps == PRELIMINARY_STEPS for trial in trials if not trial.holds)


def test_rare_slow_steps_need_a_budget_and_no_longer_hop(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    count = iter(range(10**9))
    machine(lambda mode, hop: 0.25 if next(count) % 40 == 39 else 0.01)
    found = best(tune(separator))
    assert found.setting.hop == pytest.approx(1024 / 44100)
    assert found.budget == pytest.approx(0.01 + 2.5 * 0.24)
    assert found.latency == pytest.approx(found.setting.latency + found.budget)


def test_what_waits_for_slow_steps_needs_budget_too(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    """Steps of 70 ms for hops of 93 ms, but now and then two slow ones one after the other."""
    count = iter(range(10**9))
    machine(lambda mode, hop: 0.2 if next(count) % 30 in (20, 21) else 0.07)
    trial = tuning.try_setting(separator, tuning._setting(separator, "incremental", 4), 10.0)
    hop = 4 * 1024 / 44100
    assert trial.holds
    assert trial.budget == pytest.approx(0.07 + 2.5 * (0.2 - hop + 0.2 - 0.07), abs=2e-4)


def test_a_longer_hop_may_give_less_latency(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    """Where the shorter one lets hops wait for each other."""
    count = iter(range(10**9))
    machine(
        lambda mode, hop: 1.0 if mode == "exact" else 0.3 if next(count) % 30 in (28, 29) else 0.14
    )
    trials = tune(separator)
    shortest = next(trial for trial in trials if trial.holds)
    assert shortest.setting.hop < best(trials).setting.hop
    assert shortest.latency > best(trials).latency


def test_a_hopeless_machine_is_told(separator: Separator, machine: Callable[[Clock], None]) -> None:
    machine(lambda mode, hop: 5.0)
    with pytest.raises(ConfigError, match=r"small is too slow for live use .*takes 5000 ms"):
        tune(separator)


@pytest.mark.parametrize(
    ("compiled_seconds", "tried_frames", "chosen_frames"),
    [(0.12, [8], 8), (0.18, [8, 10], 10), (0.25, [8, 10], 12)],
)
def test_shorter_hops_are_compiled_from_the_one_on_that_should_hold(
    separator: Separator,
    machine: Callable[[Clock], None],
    compiled_seconds: float,
    tried_frames: list[int],
    chosen_frames: int,
) -> None:
    compiled: list[int] = []

    def compile(spec: StreamSpec) -> bool:
        compiled.append(spec.hop // spec.frame)
        return True

    def clock(mode: str, hop: float) -> float:
        return compiled_seconds if round(hop * 44100 / 1024) in compiled else 0.22

    machine(clock)
    chosen = best(tune(separator, compile=compile)).setting
    assert compiled == tried_frames
    assert chosen.hop == pytest.approx(chosen_frames * 1024 / 44100)


def test_the_chosen_one_must_prove_itself(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    """A step that is slow once in a hundred comes up in the longer trial only; then another hop may
    give less latency."""
    count: dict[float, int] = {}
    steps = [
        round(seconds / (4 * FRAME)) for seconds in (tuning.TRIAL_SECONDS, tuning.PROOF_SECONDS)
    ]

    def clock(mode: str, hop: float) -> float:
        if mode == "exact":
            return 0.5
        count[hop] = count.get(hop, 0) + 1
        slow = round(hop * 44100 / 1024) == 4 and count[hop] > steps[0] and count[hop] % 20 == 0
        return 0.3 if slow else 0.07

    machine(clock)
    trials = tune(separator)
    of_four = [
        trial
        for trial in trials
        if (trial.setting.mode, round(trial.setting.hop * 44100 / 1024)) == ("incremental", 4)
    ]
    assert [trial.steps for trial in of_four] == steps
    assert of_four[0].latency < of_four[1].latency
    found = best(trials)
    assert round(found.setting.hop * 44100 / 1024) == 5
    assert of_four[0].latency < found.latency < of_four[1].latency
    assert found.steps == round(tuning.PROOF_SECONDS / (5 * FRAME))  # it proved itself too


def test_after_a_failed_proof_more_is_compiled(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    """The hop of 8 frames looks well in its trial, and is too short after all."""
    compiled: list[int] = []
    steps = itertools.count()

    def compile(spec: StreamSpec) -> bool:
        compiled.append(spec.hop // spec.frame)
        return True

    def clock(mode: str, hop: float) -> float:
        frames = round(hop * 44100 / 1024)
        if frames not in compiled or (frames == 8 and next(steps) > tuning.TRIAL_SECONDS / hop):
            return 0.22
        return 0.12

    machine(clock)
    found = best(tune(separator, compile=compile)).setting
    assert compiled == [8, 10]
    assert found.hop == pytest.approx(10 * 1024 / 44100)


def test_compiled_steps_count_even_where_they_were_slower() -> None:
    """For they are what a session of that setting runs."""
    setting = Setting(mode="incremental", window=2.0, hop=0.1, lookahead=0.05)
    rest = {"setting": setting, "steps": 100, "p90_ms": 30.0}
    as_it_came = Trial(compiled=False, p50_ms=25.0, answer_ms=60.0, **rest)
    compiled = Trial(compiled=True, p50_ms=20.0, answer_ms=70.0, **rest)
    assert as_it_came.latency < compiled.latency
    assert best([as_it_came, compiled]) == compiled


def test_nothing_more_is_compiled_once_that_failed(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    asked: list[StreamSpec] = []
    machine(lambda mode, hop: 0.2)
    trials = tune(separator, compile=lambda spec: bool(asked.append(spec)))
    assert len(asked) == 1
    assert trials == tune(separator)


def test_what_is_no_longer_compiled_is_not_taken(
    separator: Separator, machine: Callable[[Clock], None], tmp_path: Path
) -> None:
    machine(lambda mode, hop: 0.2)
    trials = measure(separator, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    kept = json.loads(path.read_text())
    faster = kept["trials"][-1] | {"compiled": True, "p90_ms": 1.0, "answer_ms": 1.0}
    faster["setting"] = faster["setting"] | {"mode": "incremental", "hop": 0.1}
    path.write_text(json.dumps({"trials": [*kept["trials"], faster]}))
    assert tuned(separator, cache=tmp_path) == chosen_of(best(trials))


def test_only_compiled_steps_take_the_place_of_compiled_ones(
    separator: Separator,
    machine: Callable[[Clock], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A longer hop may take longer, run as it comes, than it leaves."""
    machine(lambda mode, hop: 0.1 if mode == "incremental" else 0.5)
    trials = measure(separator, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    kept = json.loads(path.read_text())
    for trial in kept["trials"]:
        trial["compiled"] = True
    path.write_text(json.dumps(kept))
    found = chosen_of(best(trials))
    there = [found.setting.spec(separator)]
    monkeypatch.setattr(separator, "is_compiled", lambda spec: spec in there)
    said: list[str] = []
    wanted = found.setting.latency + 4 * separator.frame_seconds
    assert tuned(separator, wanted, cache=tmp_path, say=said.append) == found
    (advice,) = said
    longer = stretched(found.setting, wanted, separator.frame_seconds)
    assert f"--hop {1000 * longer.hop:.0f} --lookahead {1000 * longer.lookahead:.0f}" in advice
    there.append(longer.spec(separator))
    again = tuned(separator, wanted, cache=tmp_path)
    assert again and again.setting == longer


def test_trials_keep_the_pace_of_a_session(separator: Separator) -> None:
    """Preliminary steps come at once, the others as far apart as hops are."""
    spec = separator.spec(window=1.0, hop=0.1, lookahead=0.046, mode="incremental")
    steps = tuning._step_seconds(separator.hops(spec))
    for _ in range(PRELIMINARY_STEPS + 1):
        next(steps)
    began = time.perf_counter()
    took = [next(steps) for _ in range(8)]
    # The last of them does not wait for the next one.
    assert time.perf_counter() - began > 0.95 * (7 * spec.hop / 44100 + took[-1])


def test_more_latency_becomes_lookahead_then_hop(
    separator: Separator, machine: Callable[[Clock], None]
) -> None:
    machine(lambda mode, hop: 0.1)
    smallest = best(tune(separator)).setting
    frame = separator.frame_seconds
    one_more = stretched(smallest, smallest.latency + frame, frame)
    assert one_more.lookahead == pytest.approx(smallest.lookahead + frame)
    assert one_more.hop == smallest.hop
    five_more = stretched(smallest, smallest.latency + 5.9 * frame, frame)
    assert five_more.lookahead == pytest.approx(4 * frame)
    assert five_more.hop == pytest.approx(smallest.hop + 3 * frame)
    longest = stretched(smallest, 9.0, frame)
    assert longest.spec(separator).latency_samples <= longest.window * 44100
    for latency in (0.05, smallest.latency - 0.1 * frame):
        with pytest.raises(ConfigError, match=r"this machine holds \d+ ms, not \d+ ms"):
            stretched(smallest, latency, frame)


def test_a_result_is_remembered_for_this_model_and_machine(
    separator: Separator, machine: Callable[[Clock], None], tmp_path: Path
) -> None:
    machine(lambda mode, hop: 0.1)
    assert tuned(separator, cache=tmp_path) is None
    trials = measure(separator, cache=tmp_path)
    machine(lambda mode, hop: 5.0)  # would fail if it were asked
    assert tuned(separator, cache=tmp_path) == chosen_of(best(trials))
    other = Separator("other", small_bag(), torch.device("cpu"))
    assert remembered(other, tmp_path) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"trials": [{"steps": 3}]}', '{"trials": []}'])
def test_a_damaged_result_is_none(
    separator: Separator, machine: Callable[[Clock], None], tmp_path: Path, damage: str
) -> None:
    machine(lambda mode, hop: 0.1)
    trials = measure(separator, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    assert remembered(separator, tmp_path) == trials
    path.write_text(damage)
    assert remembered(separator, tmp_path) is None
    assert tuned(separator, cache=tmp_path) is None


def test_what_is_lost_counts_as_never_tuned(
    separator: Separator, machine: Callable[[Clock], None], tmp_path: Path
) -> None:
    """Compiled steps that were deleted, where nothing else was fast enough."""
    machine(lambda mode, hop: 0.1)
    measure(separator, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    kept = json.loads(path.read_text())
    for trial in kept["trials"]:
        trial["compiled"] = True
    path.write_text(json.dumps(kept))
    assert remembered(separator, tmp_path)
    assert tuned(separator, cache=tmp_path) is None


def test_a_budget_is_a_hop_or_more(
    separator: Separator, machine: Callable[[Clock], None], tmp_path: Path
) -> None:
    """Also for a hop that was made longer."""
    count = iter(range(10**9))
    machine(lambda mode, hop: 0.25 if next(count) % 40 == 39 else 0.01)
    measure(separator, cache=tmp_path)
    smallest = tuned(separator, cache=tmp_path)
    longer = tuned(separator, 0.75, cache=tmp_path)
    assert smallest and longer
    assert smallest.budget == pytest.approx(0.01 + 2.5 * 0.24)
    assert longer.budget == longer.setting.hop > smallest.budget


def test_real_steps(separator: Separator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pretending: the small network holds some hop here, and its trial says so."""
    monkeypatch.setattr(tuning, "TRIAL_SECONDS", 0.5)
    monkeypatch.setattr(tuning, "PROOF_SECONDS", 1.0)
    seen: list[Trial] = []
    trials = tune(separator, seen.append)
    assert seen == trials
    chosen = next(trial for trial in reversed(trials) if trial.holds)
    assert 0 < chosen.p50_ms <= chosen.p90_ms < 800 * chosen.setting.hop
    assert chosen.p90_ms <= chosen.answer_ms
