"""What a run shows, in a few lines: the figures that decide, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MODES = ("exact", "incremental")
MOST_MS, AIM_MS, TIMES_FASTER = 5.0, 3.0, 5.0  # what a card has to show


def summary(stages: dict[str, Any]) -> list[str]:
    """Of the stages that ran, by name."""
    figures = {name: stage["figures"] for name, stage in stages.items()}
    lines = [f"{name} did not end well" for name, stage in stages.items() if stage["exit"] != 0]
    for tell in (_tests, _steps, _faster, _streams, _training):
        try:
            lines += tell(figures)
        except (KeyError, TypeError, ValueError, IndexError):  # a stage wrote less than all
            lines.append(f"{tell.__name__.strip('_')}: not all figures are there")
    return lines


def _tests(figures: dict[str, Any]) -> Iterator[str]:
    if "tests" in figures:
        found = figures["tests"]
        counts = (f"{len(found[kind])} {kind}" for kind in ("passed", "failed", "skipped"))
        yield f"tests: {', '.join(counts)}"


def _steps(figures: dict[str, Any]) -> Iterator[str]:
    for mode in MODES:
        for name, found in figures.get(mode, {}).items():
            if name.startswith(mode):
                yield (
                    f"{name}: p50 {found['p50']} ms, p99.9 {found['p99.9']} ms, "
                    f"max {found['max']} ms of {found['steps']} steps "
                    f"(at most {MOST_MS:g} wanted, {AIM_MS:g} aimed at, for p99.9)"
                )


def _faster(figures: dict[str, Any]) -> Iterator[str]:
    ways = figures.get("turns", {}).get("turns", {})
    for mode in MODES:
        times = {n: w["times_faster_than_fp32"] for n, w in ways.items() if n.startswith(mode)}
        if times:
            best = max(times, key=lambda name: times[name])
            yield (
                f"{best}: {times[best]} times faster than demucs in fp32, "
                f"{ways[best]['times_faster']} than demucs as it comes ({TIMES_FASTER:g} wanted)"
            )


def _streams(figures: dict[str, Any]) -> Iterator[str]:
    for mode in MODES:
        if "streams" in figures:
            yield f"{mode}: {figures['streams'][f'{mode}, streams held']} streams hold real time"


def _training(figures: dict[str, Any]) -> Iterator[str]:
    if "training" in figures:
        found = figures["training"]
        looks = [look for look in found["looks"] if "gained_db" in look]
        last = looks[-1]
        yield (
            f"training: {found['steps']} steps, held-out songs gained {last['gained_db']} dB, "
            f"the worst song lost {last['most_lost_db']} dB"
        )
