"""The plain status line fits its terminal, and events come at once and once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import pytest
from fake_transport import a_player
from hypothesis import given
from hypothesis import strategies as st
from live_status import a_desk, a_level, a_status

from rtsep.control.plain import COLUMNS, new_events, run_plain, status_line
from rtsep.mixer.desk import local_desk
from rtsep.status import InstantStatus, LiveStatus, Loudness


def test_the_line_has_the_key_figures() -> None:
    desk = a_desk()
    desk.set_mute("drums", True)
    status = a_status(misses=3, concealed=4410, xruns=7)
    assert status_line(status, desk) == (
        "running 1:01:01  184ms  step 53/93ms  misses 3/100ms  xruns 7  in -4  "
        "drums mute bass -20 other -30 vocals -inf  mix -5"
    )


def test_the_mix_has_its_loudness_behind_its_peak() -> None:
    status = a_status(loudness=Loudness(short_term=-14.4, momentary=-12, integrated=-15))
    assert status_line(status, a_desk(2)).endswith(" | mix -5 -14LUFS")
    whole = status_line(status, a_desk())
    assert "vocals" in whole and whole.endswith("  mix -5"), "names of stems matter more"
    assert status_line(status, a_desk(6)).endswith(" mix -5 -14LUFS")


def test_what_is_special_is_said() -> None:
    desk = a_desk()
    desk.set_solo("bass", True)
    desk.set_bypass(True)
    line = status_line(a_status(recording=True, recorded_seconds=75, step_ms={}), desk)
    for words in ("rec 1:15", "bypass", "step -/93ms", "ba -20", "ot off"):
        assert words in line


@pytest.mark.parametrize("path", ["full", "instant"])
def test_the_path_is_named_where_there_are_two(path: str) -> None:
    instant = InstantStatus(memory_seconds=12.0, fit=0.9, hops=5, late=0)
    assert f"  {path} 184ms  " in status_line(a_status(path=path, instant=instant), a_desk())


NAMES = st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=12, unique=True)
STATES = st.sampled_from(["loading", "running", "engine restarting", "device lost"])


@given(NAMES, STATES, st.integers(0, 10**7), st.floats(-math.inf, 60))
def test_any_line_fits_120_columns(names: list[str], state: str, count: int, db: float) -> None:
    levels = tuple(a_level(db) for _ in names)
    status = a_status(state=state, seconds=count, misses=count, concealed=count, xruns=count,
                      stem_levels=levels, loudness=Loudness(short_term=db))  # fmt: skip
    line = status_line(status, local_desk(names)[0])
    assert len(line) <= 120 and line.startswith(state) and line.isprintable()


def test_six_stems_fit_with_short_names() -> None:
    levels = (a_level(-20.0),) * 6
    for changes in ({}, {"recording": True, "recorded_seconds": 1000}):
        line = status_line(a_status(stem_levels=levels, **changes), a_desk(6))
        assert "gu -20 pi -20" in line and line.endswith("mix -5")


EVENTS = st.lists(st.sampled_from("abc"), max_size=8)


@given(EVENTS, EVENTS, st.integers(0, 8))
def test_new_events_are_those_behind_the_old(old: list[str], new: list[str], kept: int) -> None:
    if len(set(old + new)) == len(old + new):
        assert [*new_events(old, (old + new)[-kept:] if kept else [])] == new[-kept or len(new) :]
    assert [*new_events(old, old)] == []
    assert [*new_events([], new)] == new


def run(script: Callable[[list[str]], None], status: Callable[[], LiveStatus]) -> list[str]:
    """What `run_plain` said while the script went on."""
    said: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=run_plain, args=(a_desk(), status, said.append, stop, 0.3))
    thread.start()
    try:
        script(said)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    return said


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_lines_come_in_time_and_events_at_once() -> None:
    events: list[str] = ["from before"]

    def script(said: list[str]) -> None:
        wait_until(lambda: len(said) == 2)
        assert said[0] == "* from before" and said[1].startswith("running")
        events.append("engine \x1b[2Jlate")
        wait_until(lambda: "* engine  [2Jlate" in said)
        wait_until(lambda: sum(line.startswith("running") for line in said) == 3)

    said = run(script, lambda: a_status(events=tuple(events)))
    assert sum(line.startswith("*") for line in said) == 2


def test_it_ends_with_the_session_after_telling_its_last_events() -> None:
    said: list[str] = []
    status = a_status(state="stopped", events=("files finished",))
    run_plain(a_desk(), lambda: status, said.append, threading.Event())
    assert said[0] == "* files finished" and said[1].startswith("stopped 1:01:01")


@pytest.mark.parametrize("every", [0.0, 0.05])
def test_a_slow_reader_is_not_flooded(every: float) -> None:
    said: list[float] = []
    stop = threading.Event()

    def out(line: str) -> None:
        said.append(time.monotonic())
        time.sleep(0.1)
        if len(said) == 4:
            stop.set()

    run_plain(a_desk(), a_status, out, stop, every)
    assert len(said) in (4, 5) and said[3] - said[0] >= 0.3


def test_a_song_that_is_played_says_where_it_is() -> None:
    desk, player = a_player()
    line = status_line(a_status(transport=player.status), desk)
    assert line.startswith("running 1:23/4:05 ") and "vocals" in line and len(line) <= COLUMNS
    player.play(False)
    assert status_line(a_status(transport=player.status), desk).startswith("paused 1:23/4:05 ")
