"""A child is there as a whole or not at all, whenever somebody interrupts."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from contextlib import nullcontext
from multiprocessing import util
from typing import Any

import psutil
import pytest

from rtsep.cli.common.signals import interrupted_by_signals
from rtsep.processes.process import Child

if sys.platform == "win32":
    pytest.skip("signals as POSIX has them", allow_module_level=True)

CONTEXT = multiprocessing.get_context("spawn")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Processes of which nothing but the number is known yet when a signal comes."""
    CONTEXT.Semaphore()  # with which a process for what is left over begins
    pids: list[int] = []
    spawn = util.spawnv_passfds

    def spawned(*arguments: Any) -> int:
        pids.append(spawn(*arguments))
        os.kill(os.getpid(), signal.SIGHUP)
        return pids[-1]

    monkeypatch.setattr(util, "spawnv_passfds", spawned)
    return pids


def test_an_interrupt_waits_until_the_child_has_started(
    started: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    """And ends it, since nobody has it. One that has half started complains, or waits for ever."""
    with interrupted_by_signals(), pytest.raises(KeyboardInterrupt):
        Child(CONTEXT, "child", nullcontext)
    assert not psutil.pid_exists(started[0])
    assert capfd.readouterr().err == ""
    assert not multiprocessing.active_children()


def test_without_an_interrupt_nothing_is_held() -> None:
    before = signal.getsignal(signal.SIGTERM)
    child = Child(CONTEXT, "child", nullcontext)
    try:
        assert signal.getsignal(signal.SIGTERM) is before
    finally:
        child.kill()
