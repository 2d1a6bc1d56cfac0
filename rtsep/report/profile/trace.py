"""What a session noted, as events of a Chrome trace (the Trace Event Format, which Perfetto reads),
added to PyTorch's own trace of the same time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtsep.atomic import write_text_atomically
from rtsep.errors import RtsepError
from rtsep.report.profile.run import Run
from rtsep.timeline import CLOCK_MARK, STAGES

_PROCESS = 0  # PyTorch names its processes by their numbers, of which this is none
_MARGIN = 1.0  # seconds of audio around the traced steps


def add_timeline(path: Path, run: Run, clock: float) -> int:
    """Add callbacks, hops, stages, pauses and ring levels to the trace in `path`; returns how many
    events there are then. `clock` is when the trace has its mark."""
    trace = json.loads(path.read_text("utf-8"))
    events = trace["traceEvents"]
    mark = next((event for event in events if event.get("name") == CLOCK_MARK), None)
    if mark is None:
        raise RtsepError(f"the trace {path} has no event {CLOCK_MARK!r} to find the time by")
    offset = mark["ts"] - 1e6 * clock
    times = [e["ts"] for e in events if e.get("ph") == "X" and e["ts"] >= mark["ts"]]
    first, last = (end / 1e6 - offset / 1e6 for end in (min(times), max(times)))
    events += _names()
    for event in _events(run):
        if first - _MARGIN <= event["ts"] / 1e6 <= last + _MARGIN:
            event["ts"] += offset
            events.append({"pid": _PROCESS, **event})
    write_text_atomically(path, json.dumps(trace))
    return len(events)


def _names() -> Iterator[dict[str, Any]]:
    names = ("callbacks (audio process)", "hops (engine process)", "stages", "garbage collections")
    yield {"ph": "M", "pid": _PROCESS, "name": "process_name", "args": {"name": "rtsep"}}
    for thread, name in enumerate(names):
        yield {
            "ph": "M", "pid": _PROCESS, "tid": thread, "name": "thread_name", "args": {"name": name}
        }  # fmt: skip


def _events(run: Run) -> Iterator[dict[str, Any]]:
    """Times in microseconds of `time.perf_counter`."""
    for row in run.callbacks:
        began = float(row["began"])
        for name in ("device_in", "mix", "device_out"):
            yield _span(0, name.replace("_", " "), began, float(row[name]))
            began += float(row[name])
        level = {"ms": round(1000 * int(row["ahead"]) / run.rate, 2)}
        yield {"ph": "C", "name": "stems ready", "ts": 1e6 * float(row["began"]), "args": level}
    for row in run.hops:
        began, ended = float(row["began"]), float(row["ended"])
        word = "skipped hop" if row["skipped"] else "late hop" if row["missed"] else "hop"
        yield _span(1, word, began, ended - began)
        for stage, seconds in zip(STAGES, row["stages"], strict=True):
            if seconds:
                yield _span(2, stage, began, float(seconds))
                began += float(seconds)
    for row in run.collections:
        yield _span(3, "collection", float(row["began"]), float(row["seconds"]))


def _span(thread: int, name: str, began: float, seconds: float) -> dict[str, Any]:
    return {"ph": "X", "tid": thread, "name": name, "ts": 1e6 * began, "dur": 1e6 * seconds}
