"""What a profile makes of rows with known times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from profile_runs import (
    BLOCK,
    BUDGET,
    CALLBACKS,
    DELAY,
    DEVICE_IN,
    DEVICE_OUT,
    HOP_SAMPLES,
    LOOKAHEAD,
    MIX,
    QUEUE,
    RATE,
    STAGE_SECONDS,
    TO_RING,
    WORK_SECONDS,
    known_run,
)  # fmt: skip

from rtsep.report.profile.figures import figures
from rtsep.timeline import HOP


def test_every_part_of_the_way_is_found() -> None:
    stages = figures(known_run())["stages"]
    wanted = {
        "collecting": (HOP_SAMPLES + LOOKAHEAD - BLOCK) / RATE,
        "device in": DEVICE_IN,
        "queue": QUEUE,
        **{name: seconds for name, seconds in STAGE_SECONDS.items() if seconds},
        "to ring": TO_RING,
        "mix": MIX,
        "device out": DEVICE_OUT,
        "total": DELAY / RATE + DEVICE_IN + MIX + DEVICE_OUT,
    }
    for name, seconds in wanted.items():
        # The first sample of a hop may come anywhere in its block.
        within = 1000 * BLOCK / RATE if name == "collecting" else 1e-3
        assert stages[name]["mean"] == pytest.approx(1000 * seconds, abs=within), name
    assert list(stages)[-1] == "total"
    assert stages["transformer"]["count"] == stages["total"]["count"] > 100


def test_time_that_no_stage_has_is_not_accounted_for() -> None:
    assert figures(known_run())["accounted"] == pytest.approx(1, abs=1e-4)
    missing = 0.1 * DELAY / RATE
    assert figures(known_run(unmarked=missing))["accounted"] == pytest.approx(0.9, abs=0.01)


def test_answers_count_from_the_arrival_of_the_last_sample() -> None:
    answer = DEVICE_IN + QUEUE + WORK_SECONDS + TO_RING
    assert figures(known_run())["answer_ms"]["p50"] == pytest.approx(1000 * answer, abs=1e-3)


def test_latency_side_by_side() -> None:
    tables = figures(known_run(slower=0.01))["latency"]
    assert tables["declared"]["total"]["samples"] == DELAY
    answer = DEVICE_IN + QUEUE + WORK_SECONDS + 0.01 + TO_RING
    needed = HOP_SAMPLES + LOOKAHEAD + BLOCK + answer * RATE
    assert tables["needed"]["total"]["samples"] == pytest.approx(needed, abs=2)
    assert tables["needed"]["total"]["samples"] < DELAY  # the budget was not used up
    assert answer < BUDGET / RATE
    measured = tables["measured"]
    assert measured["total"]["samples"] == pytest.approx(DELAY, abs=0.001 * RATE)
    parts = sum(part["samples"] for part in measured["parts"].values())
    assert parts == pytest.approx(measured["total"]["samples"], abs=3)


def test_late_and_left_out_hops_are_counted() -> None:
    run = known_run()
    run.hops["missed"][[3, 4, 5]] = True
    run.hops["skipped"][5] = True
    told = figures(run)
    assert (told["deadline_misses"], told["skipped_hops"]) == (3, 1)
    assert told["stages"]["total"]["count"] == figures(known_run())["stages"]["total"]["count"] - 1


def test_jitter_is_what_callbacks_come_late_by() -> None:
    run = known_run()
    run.callbacks["began"][500] += 0.010  # the next one is in time: 10 ms late, then 10 ms early
    calls = figures(run)["callbacks"]
    assert calls["jitter_ms"]["max"] == pytest.approx(10, abs=1e-3)
    assert calls["jitter_ms"]["p50"] == pytest.approx(0, abs=1e-3)
    assert calls["late"] == 1 and calls["count"] == CALLBACKS


def test_fill_pauses_and_clocks() -> None:
    told = figures(known_run())
    assert told["fill_ms"]["stems ready"]["min"] == pytest.approx(1000 * 2000 / RATE, abs=0.01)
    assert "file read ahead" not in told["fill_ms"]
    assert told["pauses"]["collections_ms"]["max"] == pytest.approx(3)
    assert told["pauses"]["waking_ms"]["count"] == 100
    assert told["clocks"]["cpu_mhz"] == {"min": 2000.0, "mean": 2004.5, "max": 2009.0}
    assert told["clocks"]["gpu_mhz"] is None
    assert told["clocks"]["stolen"] == pytest.approx(0.01)


def test_a_rate_converter_needs_more_input_than_the_hop() -> None:
    run = known_run()
    later = replace(run, withheld=4 * BLOCK, delay=DELAY + 4 * BLOCK)
    queue = figures(later)["stages"]["queue"]["p50"]
    assert queue == pytest.approx(1000 * (QUEUE - 4 * BLOCK / RATE), abs=1e-3)


def test_without_any_hop_there_is_no_way() -> None:
    run = replace(known_run(), hops=np.zeros(0, HOP))
    assert not len(run.made) and not len(run.answer)
