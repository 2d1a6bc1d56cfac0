"""From the measurements of a map to the curves that are drawn: means over the songs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rtsep.errors import ConfigError
from rtsep.metrics import MEAN
from rtsep.report.map_table import INSTANT, OFFLINE, Measurement, Point


@dataclass(frozen=True, kw_only=True)
class Curve:
    """SDR over latency while the hop grows. On the instant path, its mode, the lookahead grows with
    it and is None."""

    mode: str
    window_s: float
    lookahead_ms: float | None
    latency_ms: list[float]
    sdr_db: list[float]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`offline_db` is None where that was not measured."""

    model: str
    precision: str
    songs: list[str]
    seconds: list[float]  # of the excerpts; one where all are equally long
    offline_db: float | None
    curves: list[Curve]
    incomplete: int  # settings that are left out: not measured on every excerpt


def chart_of(measurements: Sequence[Measurement]) -> Chart:
    """Only settings that were measured on every excerpt, so that all are means over the same music.

    Raises ConfigError for several models or precisions, and where there is nothing to draw.
    """
    model, precision = _only_one({(m.point.model, m.point.precision) for m in measurements})
    excerpts = {m.point.excerpt for m in measurements}
    by_setting: defaultdict[Point, list[float]] = defaultdict(list)
    for measurement in measurements:
        anywhere = replace(measurement.point, song="", start_s=0.0, seconds=0.0)
        by_setting[anywhere].append(measurement.sdr[MEAN])
    means = {
        point: float(np.mean(sdr)) for point, sdr in by_setting.items() if len(sdr) == len(excerpts)
    }
    offline = [db for point, db in means.items() if point.mode == OFFLINE]
    curves = _curves(means)
    if not curves:
        songs = ", ".join(sorted(song for song, _, _ in excerpts))
        raise ConfigError(
            f"no setting was measured on every excerpt of {songs}; let `rtsep map` go on first"
        )
    return Chart(
        model=model,
        precision=precision,
        songs=sorted({song for song, _, _ in excerpts}),
        seconds=sorted({seconds for _, _, seconds in excerpts}),
        offline_db=offline[0] if offline else None,
        curves=curves,
        incomplete=len(by_setting) - len(means),
    )


def _only_one(kinds: set[tuple[str, str]]) -> tuple[str, str]:
    if not kinds:
        raise ConfigError("the map is empty; let `rtsep map` measure something first")
    if len(kinds) > 1:
        listed = "; ".join(f"--model {model} --precision {name}" for model, name in sorted(kinds))
        raise ConfigError(f"a picture shows one model in one precision; choose from {listed}")
    return next(iter(kinds))


def _curves(means: dict[Point, float]) -> list[Curve]:
    """By mode, window and lookahead; each from the shortest latency on."""
    lines: defaultdict[tuple[str, float, float], list[tuple[float, float]]] = defaultdict(list)
    alone = -1.0  # in the place of a lookahead that is no choice
    for point, db in means.items():
        if point.window_s is None or point.lookahead_ms is None or point.latency_ms is None:
            continue  # offline
        lookahead = alone if point.mode == INSTANT else point.lookahead_ms
        lines[point.mode, point.window_s, lookahead].append((point.latency_ms, db))
    return [
        Curve(
            mode=mode,
            window_s=window,
            lookahead_ms=None if lookahead == alone else lookahead,
            latency_ms=[latency for latency, _ in sorted(points)],
            sdr_db=[db for _, db in sorted(points)],
        )
        for (mode, window, lookahead), points in sorted(lines.items())
    ]
