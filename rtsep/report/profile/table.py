"""A profile as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rtsep.report.profile.figures import WORK

_BAR_WIDTH = 36
_COLUMNS = ("mean", "p50", "p90", "p99", "p99.9", "max")
_COLOURS = ("cyan", "blue", "green", "magenta", "yellow", "red", "bright_blue", "bright_green",
            "bright_magenta", "bright_yellow", "bright_red")  # fmt: skip


def profile_table(settings: Mapping[str, Any], run: Mapping[str, Any]) -> RenderableType:
    """Of one run, as `figures` has it."""
    return Group(
        _headline(settings, run),
        Text(),
        _way(run),
        Text(),
        *_budget(run),
        Text(),
        _latency(run["latency"]),
        Text(),
        *_sentences(run),
    )


def _headline(settings: Mapping[str, Any], run: Mapping[str, Any]) -> Text:
    spec = settings["spec"]
    return Text(
        f"{settings['model']} on {settings['device']} ({settings['processor']}), "
        f"{settings['precision']}, {settings['executor']}; {spec['mode']}, window "
        f"{spec['window']['ms']:.0f}, hop {spec['hop']['ms']:.0f}, lookahead "
        f"{spec['lookahead']['ms']:.0f} ms; {settings['input']} to {settings['output']}; "
        f"{run['hops']} hops in {run['seconds']:.1f} s"
    )


def _way(run: Mapping[str, Any]) -> Table:
    table = _table("The way of a sample, from its arrival to its turn, in ms")
    table.add_column("stage", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("of total", justify="right")
    total = run["stages"]["total"]["mean"]
    for name, times in run["stages"].items():
        if name == "total":
            table.add_section()
        share = f"{100 * times['mean'] / total:.1f} %"
        table.add_row(name, *(_ms(times[column]) for column in _COLUMNS), share)
    return table


def _budget(run: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The hop as a bar, and in it what each part of the work takes on the median and at p99."""
    hop, stages = run["hop_ms"], run["stages"]
    parts = [name for name in WORK if name in stages]
    legend = [
        Text.assemble(("■ ", colour), name) for name, colour in zip(parts, _COLOURS, strict=False)
    ]
    for column in ("p50", "p99"):
        bar, used = Text(f"{column:>4s} "), 0.0
        drawn = 0
        for name, colour in zip(parts, _COLOURS, strict=False):
            used += stages[name][column]
            until = min(round(_BAR_WIDTH * used / hop), _BAR_WIDTH)
            bar.append("█" * (until - drawn), colour)
            drawn = until
        bar.append("░" * (_BAR_WIDTH - drawn), "dim")
        bar.append(f" {used:.1f} of the hop's {hop:.1f} ms ({100 * used / hop:.0f} %)")
        yield bar
    yield Padding(Columns(legend, padding=(0, 2)), (0, 0, 0, 2))  # a name stays with its colour


def _latency(tables: Mapping[str, Any]) -> Table:
    table = _table("Latency in ms: declared, needed, measured")
    for name in ("", *tables):
        table.add_column(name, justify="right" if name else "left")
    names = dict.fromkeys(name for column in tables.values() for name in column["parts"])
    for name in names:
        cells = [column["parts"].get(name) for column in tables.values()]
        if any(cell and cell["samples"] for cell in cells):
            table.add_row(name, *(_ms(cell["ms"]) if cell else "" for cell in cells))
    table.add_section()
    table.add_row("total", *(_ms(column["total"]["ms"]) for column in tables.values()))
    return table


def _sentences(run: Mapping[str, Any]) -> Iterator[Text]:
    calls, pauses, clocks = run["callbacks"], run["pauses"], run["clocks"]
    yield Text(f"these parts make up {100 * run['accounted']:.2f} % of the total")
    yield Text(
        f"deadlines: {run['deadline_misses']} of {run['hops']} hops late, "
        f"{run['skipped_hops']} left out; answers p50 {_ms(run['answer_ms']['p50'])}, "
        f"p99.9 {_ms(run['answer_ms']['p99.9'])}, max {_ms(run['answer_ms']['max'])} ms"
    )
    yield Text(
        f"callbacks: {calls['count']}, jitter p50 {_ms(calls['jitter_ms']['p50'])}, "
        f"p99.9 {_ms(calls['jitter_ms']['p99.9'])}, max {_ms(calls['jitter_ms']['max'])} ms; "
        f"{calls['late']} late by more than a block; took p50 {_ms(calls['took_ms']['p50'])}, "
        f"p99.9 {_ms(calls['took_ms']['p99.9'])} ms; {calls['xruns']} xruns"
    )
    if (instant := run.get("instant")) and (took := instant["hop_ms"]):
        yield Text(
            f"instant path: {instant['hops']} hops of p50 {_ms(took['p50'])}, "
            f"p99.9 {_ms(took['p99.9'])}, max {_ms(took['max'])} ms; {instant['late']} late; its "
            f"memory holds {instant['memory_seconds']:.0f} s"
        )
    for name, level in run["fill_ms"].items():
        yield Text(
            f"{name}: least {level['min']:.0f}, p50 {level['p50']:.0f}, most {level['max']:.0f} ms"
        )
    collections, waking = pauses["collections_ms"], pauses["waking_ms"]
    yield Text(
        "pauses of the engine's Python: "
        + (
            f"{collections['count']} collections of up to {_ms(collections['max'])} ms"
            if collections
            else "no collections"
        )
        + (
            f"; a thread is woken p50 {_ms(waking['p50'])}, p99 {_ms(waking['p99'])}, "
            f"max {_ms(waking['max'])} ms late"
            if waking
            else ""
        )
    )
    yield Text(f"clocks: {', '.join(_clocks(clocks))}")


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))


def _clocks(clocks: Mapping[str, Any]) -> Iterator[str]:
    for name, word in (("cpu_mhz", "CPU"), ("gpu_mhz", "GPU")):
        span = clocks[name]
        yield f"{word} {span['min']:.0f} to {span['max']:.0f} MHz" if span else f"{word} unreadable"
    if clocks["busy"] is not None:
        yield f"processors {100 * clocks['busy']:.0f} % busy, {100 * clocks['stolen']:.1f} % stolen"


def _ms(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
