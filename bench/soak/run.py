"""A whole soak: one session after the other, or several beside each other."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np
import torch

from bench.soak.checker import Checker
from bench.soak.faults import Director
from bench.soak.inputs import TwoClocksInput
from bench.soak.memory import Memory
from bench.soak.report import Digest, Report, Violation
from bench.soak.scenario import FRAME, MODEL_RATE, Plan, describe
from bench.soak.studio import Studio, new_buffer
from rtsep.errors import ConfigError

Prepare = Callable[[Studio], Any]


def _as_it_is(studio: Studio) -> None:
    """Nothing is broken but what the plan says."""


@dataclass
class Result:
    """Of one session. `memory` is how much there was of it afterwards: objects, MiB."""

    plan: Plan
    report: Report = field(default_factory=Report)
    digest: str = ""
    memory: tuple[int, float] = (0, 0.0)
    violation: str | None = None


def run(plans: Sequence[Plan], jobs: int = 1, prepare: Prepare = _as_it_is) -> Iterator[Result]:
    """The results, as they come. A violation ends its session, not those after it.

    `prepare` may meddle with each session before it begins, which needs a single job.
    """
    if jobs == 1:
        yield from _in_turn(plans, prepare)
        return
    context = multiprocessing.get_context("spawn")
    links, workers = [], []
    for job in range(jobs):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_work, args=(plans[job::jobs], theirs), daemon=True)
        worker.start()
        theirs.close()
        links.append(ours)
        workers.append(worker)
    try:
        yield from _as_they_come(links)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def _as_they_come(links: list[Connection[Any, Any]]) -> Iterator[Result]:
    while links:
        for link in wait(links):
            assert isinstance(link, Connection)
            result = link.recv()
            if result is None:
                links.remove(link)
                continue
            yield result


def _work(plans: Sequence[Plan], link: Connection[Any, Any]) -> None:
    """The life of a worker, which ends when nobody listens any more."""
    with suppress(BrokenPipeError):
        for result in _in_turn(plans, _as_it_is):
            link.send(result)
        link.send(None)


def _in_turn(plans: Sequence[Plan], prepare: Prepare) -> Iterator[Result]:
    memory, buffer = Memory(), new_buffer()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for plan in plans:
            result = Result(plan)
            try:
                _session(result, buffer, prepare)
                memory.sample(result.report, f"after session {plan.number}")
                result.memory = memory.samples[-1]
            except Violation as violation:
                result.violation = str(violation)
            yield result
    finally:
        torch.set_num_threads(threads)


def _session(result: Result, buffer: bytearray, prepare: Prepare) -> None:
    plan, report, digest = result.plan, result.report, Digest()
    tag = f"session {plan.number}, which begins at {plan.began:.0f} s"
    if bytes_needed(plan) > len(buffer):
        _refused(plan, buffer, report)
        plan = replace(plan, stems=4)
    studio = Studio(plan, buffer, lambda facts: Checker(facts, report, digest, tag))
    director = Director(studio)
    prepare(studio)
    try:
        with np.errstate(all="ignore"):
            studio.run()
            director.end()
    except Violation as violation:
        before = "\n    ".join(describe(fault) for fault in director.begun[-3:])
        raise Violation(f"{violation}\n  faults before it:\n    {before}\n  {plan}") from None
    for fault in director.begun:
        report.faults[fault.kind] += 1
        report.fault_seconds[fault.kind] += fault.seconds
    if isinstance(studio.input, TwoClocksInput):
        _clocks(studio, studio.input)
    result.digest = str(digest)


def _refused(plan: Plan, buffer: bytearray, report: Report) -> None:
    try:
        Studio(plan, buffer, lambda facts: Checker(facts, report, Digest(), ""))
        refused = False
    except ConfigError:
        refused = True
    report.hold("what does not fit is refused", refused, lambda: str(plan))


def bytes_needed(plan: Plan) -> float:
    """Of the rings alone: four seconds beyond the delay or the window, and eight of tape."""
    seconds = 4 + max(plan.window_frames * FRAME / MODEL_RATE, 2 * plan.hop_seconds)
    channels = (plan.stems + 2) * plan.channels  # input, feed and stems; stems, mix and input
    early = plan.stems * plan.channels * seconds if plan.memory_seconds else 0
    return 4 * plan.rate * (channels * (seconds + 8) + early)


def _clocks(studio: Studio, clocks: TwoClocksInput) -> None:
    report, where = studio.checker.report, studio.checker.where
    report.check("two clocks: sample for sample", clocks.worst["tone"], 1, where, clocks.checked)
    report.check("two clocks: no delay lost", clocks.worst["delay"], 1, where, clocks.checked)
    report.counts["clock gaps"] += clocks.gaps
