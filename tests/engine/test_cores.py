"""Threads leave other programs the processors that those use, and get them back afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from rtsep.engine.cores import LOOK_SECONDS, STALE_SECONDS, Cores, Usage

pytestmark = pytest.mark.alone

MOST_SLOWER = 2.5  # times alone; threads that wait for each other on a busy processor took 4 to 10
IMPORTS = {"rtsep first": "import rtsep, torch", "torch first": "import torch, rtsep"}


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def cores(others: Sequence[float], apart: float = 2 * LOOK_SECONDS) -> Cores:
    """Looks `apart` seconds apart, between which other programs used so many cores."""
    at = everybody = 0.0
    usages = [Usage(at=-1e6, everybody=0.0, ours=0.0)]
    for used in others:
        at += apart
        everybody += apart * (used + 1.5)
        ours = 1.5 * len(usages) * apart
        usages.append(Usage(at=-1e6 + at, everybody=everybody, ours=ours))
    return Cores(iter(usages).__next__)


@pytest.mark.parametrize(
    ("others", "taken"),
    [
        ([0.0, 0.2, 0.5], [0, 0, 0]),  # what displays and sound take
        ([0.7, 1.0, 0.5, 0.35, 0.2], [1, 1, 1, 1, 0]),
        ([3.0, 1.2, 1.0, 0.0], [3, 1, 1, 0]),
    ],
)
def test_what_others_take(others: list[float], taken: list[int]) -> None:
    looking = cores(others)
    assert [looking.taken() for _ in others] == taken


def test_what_was_long_ago_says_nothing() -> None:
    assert cores([3.0], apart=2 * STALE_SECONDS).taken() == 0


def test_threads_are_given_back() -> None:
    looking = cores([1.0, 1.0, 9.0])
    for threads in (3, 3, 1):
        with looking.shared():
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 4
    with pytest.raises(KeyError), cores([1.0]).shared():
        raise KeyError
    assert torch.get_num_threads() == 4


def test_not_every_step_looks() -> None:
    """The system counts in ticks of a hundredth of a second."""
    looking = Cores()
    before = looking._before
    looking.taken()
    assert looking._before is before


PROGRAM = """
{imports}
import statistics, subprocess, sys, time

model = rtsep.load({weights!r}, device="cpu", precision="auto", cache={cache!r})
step = torch.randn(2, 8 * 1024) * 0.1
song = torch.randn(2, 4 * 44100) * 0.1
stream = model.stream(hop=8 * 1024 / 44100, lookahead=0.046, mode="incremental")

def measured(call, count):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)

calls = ((lambda: stream.process(step), 16), (lambda: model.separate(song), 2))
for call, _ in calls:
    measured(call, 12)
alone = [measured(*each) for each in calls]
with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as load:
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            stream.process(step)
        beside = [measured(*each) for each in calls]
    finally:
        load.kill()
print(*(slow / fast for slow, fast in zip(beside, alone)))
"""


@pytest.mark.parametrize("imports", IMPORTS.values(), ids=IMPORTS)
def test_steps_beside_a_busy_program(official: object, weights_cache: Path, imports: str) -> None:
    """A file's steps and offline separation, whatever loaded OpenMP."""
    program = PROGRAM.format(imports=imports, weights="htdemucs", cache=str(weights_cache))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ratios = [float(ratio) for ratio in done.stdout.split()]
    assert len(ratios) == 2
    assert max(ratios) <= MOST_SLOWER, ratios
