"""The plots of a profile's page. Needs the `report` extra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rtsep.report.profile.figures import WORK
from rtsep.report.profile.run import Run, Seconds

MOST_POINTS = 4000  # of a line; of more, each point is the least of its neighbours
MOST_HOPS = 1500  # as bars; of more, each is the slowest of its neighbours
BINS = 120
_COLOURS = (
    "#4e79a7", "#a0cbe8", "#f28e2b", "#ffbe7d", "#59a14f", "#8cd17d", "#b6992d", "#f1ce63",
    "#499894", "#86bcb6", "#e15759", "#ff9d9a", "#79706e", "#bab0ac",
)  # fmt: skip
_STAGE_COLOURS = dict(zip(WORK, _COLOURS, strict=False))
_LATE = "#c0152f"


def charts(run: Run, figures: Mapping[str, Any]) -> dict[str, go.Figure]:
    """By their titles, in the order of the page."""
    return {
        "Budget: the hop and what the work on it takes": budget(figures),
        "Latency: declared, needed and measured": latency(figures["latency"]),
        "Timeline": timeline(run),
        "Histogram: steps and answers": histogram(
            {"step": _step(run), "answer (arrival to stems)": run.answer},
            limit_ms=figures["hop_ms"],
        ),
        "Histogram: stages": histogram(
            {name: s for name, s in run.way.items() if name in WORK and s.any()}
        ),
        "Histogram: callbacks": histogram(
            {"jitter": np.abs(run.jitter), "time in the callback": run.in_callback}
        ),
    }


def budget(figures: Mapping[str, Any]) -> go.Figure:
    """The parts of the work side by side, against the hop."""
    columns = ("p50", "p90", "p99", "p99.9")
    chart = go.Figure()
    for name in (name for name in WORK if name in figures["stages"]):
        times = figures["stages"][name]
        chart.add_bar(
            y=columns, x=[times[c] for c in columns], name=name, orientation="h",
            marker_color=_STAGE_COLOURS[name],
        )  # fmt: skip
    chart.add_vline(
        x=figures["hop_ms"],
        line={"dash": "dash", "color": _LATE},
        annotation_text=f"hop {figures['hop_ms']:.0f} ms",
    )
    return _shape(chart, 300, barmode="stack", xaxis_title="ms").update_yaxes(autorange="reversed")


def latency(tables: Mapping[str, Any]) -> go.Figure:
    """Each of the three as a bar of its parts, which ends at the total."""
    chart = go.Figure()
    bars = [_lengths(table["parts"]) for table in tables.values()]
    names = dict.fromkeys(name for bar in bars for name in bar)
    for name, colour in zip(names, _COLOURS, strict=False):
        lengths = [bar.get(name, 0.0) for bar in bars]
        if any(lengths):
            chart.add_bar(
                y=list(tables), x=lengths, name=name, orientation="h", marker_color=colour
            )
    for name, table in tables.items():
        _say_how_late(chart, name, table)
    return _shape(chart, 260, barmode="stack", xaxis_title="ms").update_yaxes(autorange="reversed")


def _lengths(parts: Mapping[str, Any]) -> dict[str, float]:
    """In ms, none below zero: stems that come too late have their turn before they are computed, so
    what "waiting" lacks is taken off what lies before it."""
    lengths: dict[str, float] = {}
    for name, length in parts.items():
        lengths[name] = max(length["ms"], 0.0)
        lacking = max(-length["ms"], 0.0)
        for before in reversed(list(lengths)):
            taken = min(lacking, lengths[before])
            lengths[before] -= taken
            lacking -= taken
    return lengths


def _say_how_late(chart: go.Figure, name: str, table: Mapping[str, Any]) -> None:
    waiting = table["parts"].get("waiting", {"ms": 0.0})["ms"]
    if waiting < 0:
        chart.add_annotation(
            y=name, x=table["total"]["ms"], xanchor="left", showarrow=False,
            text=f"stems come {-waiting:.0f} ms after their turn, in the mean",
            font={"color": _LATE},
        )  # fmt: skip


def timeline(run: Run) -> go.Figure:
    """Stages of every hop, what was ready in the rings, and the machine, over the same time."""
    chart = make_subplots(
        rows=3,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.5, 0.25, 0.25],
        specs=[[{}], [{}], [{"secondary_y": True}]],
    )
    for trace in _hops(run):
        chart.add_trace(trace, 1, 1)
    hop_ms = 1000 * run.spec.hop / run.spec.sample_rate
    chart.add_hline(y=hop_ms, row=1, col=1, line={"dash": "dash", "color": _LATE})
    for trace in _levels(run):
        chart.add_trace(trace, 2, 1)
    for trace, second in _machine(run):
        chart.add_trace(trace, 3, 1, secondary_y=second)
    chart.update_yaxes(title_text="work, ms", row=1, col=1, rangemode="tozero")
    chart.update_yaxes(title_text="in the rings, ms", row=2, col=1)
    chart.update_yaxes(title_text="share, %", row=3, col=1, rangemode="tozero", secondary_y=False)
    chart.update_yaxes(title_text="MHz", row=3, col=1, secondary_y=True, showgrid=False)
    chart.update_xaxes(title_text="s", row=3, col=1)
    return _shape(chart, 680, barmode="stack", bargap=0)


def histogram(series: Mapping[str, Seconds], limit_ms: float | None = None) -> go.Figure:
    """How often something took how long, counts on a logarithmic axis so that rare ones show."""
    chart = go.Figure()
    for (name, seconds), colour in zip(
        series.items(), _COLOURS[::2] + _COLOURS[1::2], strict=False
    ):
        counts, edges = np.histogram(1000 * np.asarray(seconds), BINS)  # here: the page stays small
        chart.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            width=np.diff(edges),
            name=name,
            opacity=0.7,
            marker_color=_STAGE_COLOURS.get(name, colour),
            marker_line_width=0,
        )
    if limit_ms is not None:
        chart.add_vline(x=limit_ms, line={"dash": "dash", "color": _LATE}, annotation_text="hop")
    return _shape(
        chart, 320, barmode="overlay", xaxis_title="ms", yaxis_title="count", yaxis_type="log"
    )


def _hops(run: Run) -> Iterator[Any]:
    way = run.way
    shown = _slowest(_step(run))
    at = (run.made["began"] - run.began)[shown]
    for name in (name for name in WORK if way[name].any()):
        yield go.Bar(
            x=at,
            y=1000 * way[name][shown],
            name=name,
            marker_color=_STAGE_COLOURS[name],
            marker_line_width=0,
        )
    for word, symbol, rows in (
        ("late", "x", run.hops[run.hops["missed"]]),
        ("left out", "triangle-down", run.hops[run.hops["skipped"]]),
    ):
        if len(rows):
            yield go.Scatter(
                x=rows["began"] - run.began,
                y=np.zeros(len(rows)),
                mode="markers",
                name=word,
                marker={"symbol": symbol, "color": _LATE, "size": 10},
            )
    if len(run.collections):
        yield go.Scatter(
            x=run.collections["began"] - run.began,
            y=1000 * run.collections["seconds"],
            mode="markers",
            name="garbage collection",
            marker={"symbol": "diamond", "color": "black", "size": 6},
        )


def _levels(run: Run) -> Iterator[Any]:
    rows, rate = run.callbacks, run.rate
    at = rows["began"] - run.began
    names = {"stems ready": "ahead", "file read ahead": "feed"}
    for name, column in names.items():
        if rows[column].any():
            x, y = _least(at, 1000 * rows[column] / rate)
            yield go.Scatter(x=x, y=y, mode="lines", name=name, visible=_shown(name))


def _shown(name: str) -> bool | str:
    """A file is read seconds ahead: beside that, what matters could not be seen."""
    return True if name == "stems ready" else "legendonly"


def _machine(run: Run) -> Iterator[tuple[Any, bool]]:
    at = [sample.at - run.began for sample in run.clocks]
    shares = {
        "processors busy": [100 * sample.busy for sample in run.clocks],
        "processors stolen": [100 * sample.stolen for sample in run.clocks],
    }
    for name, values in shares.items():
        yield go.Scatter(x=at, y=values, mode="lines+markers", name=name), False
    clocks = {
        "CPU clock": [sample.cpu_mhz for sample in run.clocks],
        "GPU clock": [sample.gpu_mhz for sample in run.clocks],
    }
    for name, mhz in clocks.items():
        if any(value is not None for value in mhz):
            yield go.Scatter(x=at, y=mhz, mode="lines", name=name, line={"dash": "dot"}), True


def _least(x: Seconds, y: Seconds) -> tuple[Seconds, Seconds]:
    """Few enough points, with the lowest of each stretch: what matters is how empty a ring got."""
    step = -(-len(x) // MOST_POINTS)
    if step <= 1:
        return x, y
    count = len(x) // step
    folded = y[: count * step].reshape(count, step)
    return x[: count * step : step], folded.min(1)


def _slowest(seconds: Seconds) -> Any:
    """Which to show: few enough, of each stretch the slowest."""
    size = -(-len(seconds) // MOST_HOPS) or 1
    starts = range(0, len(seconds), size)
    return np.array([s + int(np.argmax(seconds[s : s + size])) for s in starts], np.intp)


def _step(run: Run) -> Seconds:
    step: Seconds = run.made["ended"] - run.made["began"]
    return step


def _shape(chart: go.Figure, height: int, **layout: Any) -> go.Figure:
    return chart.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 60, "r": 20, "t": 30, "b": 45},
        legend={"orientation": "v"},
        **layout,
    )
