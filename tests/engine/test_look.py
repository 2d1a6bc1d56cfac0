"""A look of seconds finds a hop that surely holds, on machines that are fast, slow or hopeless."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from networks import small_bag

from rtsep.config import MOST_LATENCY, StreamSpec
from rtsep.engine import look as looking
from rtsep.engine.hops import HopStream
from rtsep.engine.look import FIRST_FRAMES, LIVE, LOOK_SECONDS, SURE, candidates, look
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.setup.tuned import chosen

Clock = Callable[[StreamSpec], float]  # seconds of a step


@pytest.fixture(scope="module")
def separator() -> Separator:
    return Separator("small", small_bag(), torch.device("cpu"))


class Machine:
    """Steps that take no time and pretend to have taken some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.steps = 0.0, 0
        self.clock: Clock = lambda spec: 0.0
        monkeypatch.setattr(looking, "_step", self._step)
        monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=lambda: self.now))

    def _step(self, hops: HopStream) -> float:
        seconds = self.clock(hops.spec)
        self.now += seconds
        self.steps += 1
        return seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def hop_seconds(spec: StreamSpec) -> float:
    return spec.hop / spec.sample_rate


def test_hops_that_fit_shortest_first(separator: Separator) -> None:
    specs = candidates(separator)
    hops = [spec.hop for spec in specs]
    assert hops == sorted(set(hops)) and hops[0] == specs[0].frame
    assert {spec.mode for spec in specs} == {"incremental"}
    assert all(spec.hop + spec.lookahead + 3 * spec.frame <= spec.window for spec in specs)


def test_a_slow_machine_and_a_short_window(machine: Machine) -> None:
    """The longest hops fit in exact mode only, to which no stream goes over."""
    machine.clock = lambda spec: 3.0
    separator = Separator("short", small_bag(segment=Fraction(1)), torch.device("cpu"))
    found = look(separator)
    assert found.hops.spec == candidates(separator)[-1]
    assert {spec.mode for spec in candidates(separator)} == {"incremental"}
    found.hops.step(torch.zeros(1, 2, found.hops.spec.hop))


@pytest.mark.parametrize("per_second", [0.01, 0.05, 0.15, 0.4])
def test_the_shortest_hop_that_surely_holds(
    separator: Separator, machine: Machine, per_second: float
) -> None:
    """Where a step costs what it computes, and something besides."""
    machine.clock = lambda spec: 0.01 + per_second * spec.refresh / spec.sample_rate
    found = look(separator)
    spec = found.hops.spec
    assert machine.clock(spec) <= SURE * hop_seconds(spec)
    at = candidates(separator).index(spec)
    for shorter in candidates(separator)[: max(at - 2, 0)]:
        assert machine.clock(shorter) > SURE * hop_seconds(shorter)
    assert found.budget == pytest.approx(hop_seconds(spec) + LIVE * machine.clock(spec))
    assert found.steps and set(found.steps) == {machine.clock(spec)}
    assert machine.now < 2 * LOOK_SECONDS


def test_a_machine_that_slows_down_is_looked_at_again(
    separator: Separator, machine: Machine
) -> None:
    """As when it was only fast while it was cold."""
    machine.clock = lambda spec: 0.02 if machine.steps < 80 else 0.09
    found = look(separator)
    assert SURE * hop_seconds(found.hops.spec) >= 0.09


def test_a_hopeless_one_gets_the_longest_hop_and_plays(
    separator: Separator, machine: Machine
) -> None:
    machine.clock = lambda spec: 30.0
    found = look(separator)
    spec = found.hops.spec
    assert spec == candidates(separator)[-1]
    assert hop_seconds(spec) <= found.budget <= MOST_LATENCY - spec.latency_samples / 44_100
    assert machine.steps < 20  # nobody waits for what is out of reach


def test_a_look_is_a_stream_that_is_ready(separator: Separator) -> None:
    """In real time: silence has come, and a hop's stems sum to it."""
    found = look(separator)
    block = 0.1 * torch.randn(1, 2, found.hops.spec.hop)
    assert found.hops._step.steady
    assert found.hops.step(torch.zeros_like(block)).abs().max() < 1e-3
    assert found.hops.step(block).shape[-1] == found.hops.spec.hop
    assert min(found.steps) > 0


def test_latency_that_is_asked_for_without_tuning(
    separator: Separator, machine: Machine, tmp_path: Path
) -> None:
    machine.clock = lambda spec: 0.04
    smallest = chosen(separator, cache=tmp_path)
    more = chosen(separator, smallest.setting.latency + 0.2, cache=tmp_path)
    assert more.setting.latency > smallest.setting.latency + 0.17
    assert more.budget >= more.setting.hop
    with pytest.raises(ConfigError, match="this machine holds"):
        chosen(separator, 0.05, cache=tmp_path)
    assert not list(tmp_path.iterdir())  # a look is no tuning


def test_the_first_hop_is_among_the_candidates(separator: Separator) -> None:
    assert FIRST_FRAMES * 1024 in [spec.hop for spec in candidates(separator)]
