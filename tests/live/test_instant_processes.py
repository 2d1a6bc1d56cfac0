"""The instant process of a real session: killed, stopped and hanging, and told of."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from live_rig import wait_until

from rtsep.cli.live.report import as_dict, tell
from rtsep.live_session import watch
from rtsep.live_session.session import LiveSession
from rtsep.status import InstantStatus

Start = Callable[..., LiveSession]
AGAIN = "the instant path is started again, its memory is empty"


@pytest.fixture
def session(live_session: Start) -> LiveSession:
    """On the instant path, which knows something already."""
    session = live_session(instant=True, path="instant")
    wait_until(lambda: known(session).memory_seconds > 0.5)
    return session


def known(session: LiveSession) -> InstantStatus:
    instant = session.status().instant
    assert instant is not None
    return instant


def told(session: LiveSession, text: str) -> bool:
    return any(text in event for event in session.status().events)


def goes_on(session: LiveSession) -> None:
    """Blocks of sound and hops of the instant path."""
    before, hops = session.status(), known(session).hops
    wait_until(lambda: session.status().callbacks > before.callbacks + 20)
    wait_until(lambda: known(session).hops > hops + 50)


def test_it_hears_the_first_sample_of_the_sound(live_session: Start) -> None:
    """It is warm before the sound begins."""
    session = live_session(instant=True, path="instant")
    assert session.shared.instant is not None
    wait_until(lambda: known(session).hops > 3)
    assert session.shared.instant.since == 0


def test_a_killed_instant_process_is_replaced_and_the_sound_goes_on(session: LiveSession) -> None:
    first, before = session.pids["instant"], session.status()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: told(session, AGAIN))
    wait_until(lambda: session.status().callbacks > before.callbacks + 20)
    wait_until(lambda: session.pids["instant"] != first)
    goes_on(session)
    wait_until(lambda: known(session).memory_seconds > 0.5)
    assert not Path(f"/proc/{first}").exists()
    assert session.status().concealed > 0
    assert session.status().engine_restarts == session.status().device_losses == 0


def test_without_an_engine_it_goes_on_from_memory(session: LiveSession) -> None:
    first = session.pids["instant"]
    os.kill(session.pids["engine"], signal.SIGKILL)
    wait_until(lambda: session.status().engine_restarts == 1)
    goes_on(session)
    assert known(session).memory_seconds > 0.5
    wait_until(lambda: session.status().state == "running")
    learnt = known(session).memory_seconds
    wait_until(lambda: known(session).memory_seconds > learnt)
    assert session.pids["instant"] == first


def test_after_it_stood_still_it_goes_on_with_its_memory(session: LiveSession) -> None:
    instant, before = session.pids["instant"], known(session)
    os.kill(instant, signal.SIGSTOP)
    concealed = session.status().concealed
    wait_until(lambda: session.status().concealed > concealed + 44_100)
    os.kill(instant, signal.SIGCONT)
    goes_on(session)
    assert session.pids["instant"] == instant
    assert known(session).memory_seconds >= before.memory_seconds
    assert known(session).late >= before.late + 80  # hops of that second, which nobody got


def test_one_that_hangs_is_replaced(session: LiveSession, monkeypatch: pytest.MonkeyPatch) -> None:
    first = session.pids["instant"]
    os.kill(first, signal.SIGSTOP)
    monkeypatch.setattr(watch, "HANG_SECONDS", 1.0)
    wait_until(lambda: told(session, "it did not finish a hop"))
    monkeypatch.undo()
    wait_until(lambda: session.pids["instant"] != first)
    goes_on(session)


def test_the_path_that_is_heard_is_told_with_its_latency(
    session: LiveSession, capsys: pytest.CaptureFixture[str]
) -> None:
    early = session.status()
    wait_until(lambda: told(session, f"the instant path: {early.latency_ms:.0f} ms"))
    session.desk.set_path("full")
    late = session.status()
    assert (late.path, late.latency_samples) == ("full", session.shared.delay)
    wait_until(lambda: told(session, f"the full path: {late.latency_ms:.0f} ms"))
    session.desk.set_path("instant")
    session.stop()
    report = as_dict(session)
    assert report["path"] == "instant"
    assert report["latency"]["total"]["samples"] == early.latency_samples
    assert report["latency"]["frame"]["samples"] == 1024
    figures = report["instant"]
    assert figures["hops"] > 0 and figures["memory_seconds"] > 0 and 0 <= figures["fit"] <= 1
    assert 0 < figures["hop_ms"]["p50"] <= figures["hop_ms"]["max"]
    tell(session, events=False)
    line = f"the instant path: {figures['hops']} hops of"
    assert line in capsys.readouterr().err


def test_a_session_with_one_path_tells_of_none(live_session: Start) -> None:
    session = live_session()
    wait_until(lambda: session.status().steps > 2)
    session.stop()
    assert as_dict(session)["instant"] is None
    assert not told(session, "path")
