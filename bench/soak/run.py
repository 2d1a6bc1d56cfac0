"""A whole soak: one session after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from bench.soak.checker import Checker
from bench.soak.faults import Director
from bench.soak.inputs import TwoClocksInput
from bench.soak.memory import Memory
from bench.soak.report import Report, Violation
from bench.soak.scenario import FRAME, MODEL_RATE, Plan, describe, sessions
from bench.soak.studio import Studio, new_buffer
from rtsep.errors import ConfigError

SESSION_SECONDS = 240.0
SPACING_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What to run. Only sessions that overlap `since` to `until`, in seconds, are."""

    seed: int
    seconds: float
    since: float = 0.0
    until: float = float("inf")
    session_seconds: float = SESSION_SECONDS
    spacing_seconds: float = SPACING_SECONDS


def run(
    soak: Soak,
    tell: Callable[[Plan, Report], None] = lambda plan, report: None,
    prepare: Callable[[Studio], Any] = lambda studio: None,
) -> tuple[Report, Memory]:
    """Raises Violation, saying where and after which faults. `tell` hears of every session that is
    over; `prepare` may meddle with each before it begins."""
    report, memory, buffer = Report(), Memory(), new_buffer()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for plan in sessions(
            soak.seed, soak.seconds, length=soak.session_seconds, spacing=soak.spacing_seconds
        ):
            if plan.began + plan.seconds <= soak.since or plan.began >= soak.until:
                continue
            run_session(plan, buffer, report, prepare)
            memory.sample(report, f"after session {plan.number}")
            tell(plan, report)
    finally:
        torch.set_num_threads(threads)
    return report, memory


def run_session(
    plan: Plan, buffer: bytearray, report: Report, prepare: Callable[[Studio], Any]
) -> None:
    tag = f"session {plan.number}, which began at {plan.began:.0f} s"
    if bytes_needed(plan) > len(buffer):
        refused = False
        try:
            Studio(plan, buffer, lambda facts: Checker(facts, report, tag))
        except ConfigError:
            refused = True
        report.hold("what does not fit is refused", refused, lambda: f"{tag}: {plan}")
        plan = replace(plan, stems=4)
    studio = Studio(plan, buffer, lambda facts: Checker(facts, report, tag))
    director = Director(studio)
    prepare(studio)
    try:
        with np.errstate(all="ignore"):
            studio.run()
    except Violation as violation:
        before = [describe(fault) for fault in director.begun[-3:]]
        raise Violation(
            f"{violation}\n  faults before it: {before}\n  {plan}\n"
            f"  after {studio.now:.3f} s of the session"
        ) from None
    for fault in director.begun:
        report.faults[fault.kind] += 1
        report.seconds_of_fault[fault.kind] += fault.seconds
    if isinstance(studio.input, TwoClocksInput):
        _clocks(studio, studio.input, report)


def bytes_needed(plan: Plan) -> float:
    """Of the rings alone: four seconds beyond the delay or the window, and eight of tape."""
    seconds = 4 + max(plan.window_frames * FRAME / MODEL_RATE, 2 * plan.hop_seconds)
    channels = (plan.stems + 2) * plan.channels  # input, feed and stems; stems, mix and input
    return 4 * plan.rate * channels * (seconds + 8)


def _clocks(studio: Studio, clocks: TwoClocksInput, report: Report) -> None:
    where = studio.checker.where
    report.check("two clocks: sample for sample", clocks.worst["tone"], 1, where, clocks.checked)
    report.check("two clocks: no delay lost", clocks.worst["delay"], 1, where, clocks.checked)
    report.counts["clock gaps"] += clocks.gaps
