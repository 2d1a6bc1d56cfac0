"""The figures of a run, as plain numbers by name: what --json prints and a comparison reads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from rtsep.report.profile.run import Clocks, Run, Seconds

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
LATE_BLOCKS = 1.0  # a callback that comes so many blocks too late counts as late

# The parts of the way that are the engine's work on a hop, in the table's words.
WORK = (
    "queue", "copy in", "STFT", "encoders", "transformer", "decoders", "ISTFT", "crossfade", "step",
    "copy out", "to ring",
)  # fmt: skip


def summary(seconds: Seconds) -> dict[str, float]:
    """Mean, percentiles and maximum in ms, and how many there are; empty without any."""
    if not len(seconds):
        return {}
    ms = 1000 * np.asarray(seconds)
    named = {name: round(float(np.percentile(ms, at)), 4) for name, at in PERCENTILES.items()}
    return {"mean": round(float(ms.mean()), 4), **named, "count": len(ms)}


def figures(run: Run) -> dict[str, Any]:
    """Everything about one run."""
    spec = run.spec
    hop_ms = 1000 * spec.hop / spec.sample_rate
    way = {name: seconds for name, seconds in run.way.items() if name == "total" or seconds.any()}
    total = float(np.mean(way["total"])) if len(way["total"]) else 0.0
    rest = float(np.mean(np.abs(run.way["rest"]))) if len(run.made) else 0.0
    return {
        "seconds": round(run.seconds, 3),
        "hops": len(run.hops),
        "hop_ms": round(hop_ms, 3),
        "stages": {name: summary(seconds) for name, seconds in way.items()},
        "accounted": round(1 - rest / total, 5) if total else None,
        "answer_ms": summary(run.answer),
        "step_ms": summary(run.made["ended"] - run.made["began"]),
        "step_samples_ms": [
            round(float(ms), 3) for ms in 1000 * (run.made["ended"] - run.made["began"])
        ],
        "deadline_misses": int(run.hops["missed"].sum()),
        "skipped_hops": int(run.hops["skipped"].sum()),
        "latency": latency(run),
        "callbacks": callbacks(run),
        "fill_ms": fill(run),
        "pauses": pauses(run),
        "clocks": clocks(run.clocks),
        **({"instant": asdict(run.status.instant)} if run.status.instant else {}),
        "lost_rows": run.lost,
    }


def latency(run: Run) -> dict[str, Any]:
    """Side by side, in samples and ms: `declared` is promised and kept; `needed` is what would have
    been enough for 99.9 % of the hops of this run; `measured` the mean time from a sample's
    arrival to its turn, and what the device declares of itself. "waiting" is what the stems of a
    hop are ready before their turn."""
    rate, spec = run.rate, run.spec
    device = sum(p.samples for p in run.status.latency if p.name.startswith(("device", "clocks")))
    hop, lookahead = (n * rate / spec.sample_rate for n in (spec.hop, spec.lookahead))
    tables: dict[str, Any] = {
        "declared": {
            "parts": {part.name: _length(part.samples, rate) for part in run.status.latency},
            "total": _length(run.status.latency_samples, rate),
        }
    }
    if len(run.made):
        answer = float(np.percentile(run.answer, 99.9))
        queue = float(run.callbacks["samples"].max())
        tables["needed"] = {
            "parts": {
                "hop": _length(hop, rate),
                "lookahead": _length(lookahead, rate),
                "rate conversion": _length(run.withheld, rate),
                "compute": _length(answer * rate, rate),
                "queue": _length(queue, rate),
                "device": _length(device, rate),
            },
            "total": _length(hop + lookahead + run.withheld + answer * rate + queue + device, rate),
        }
        total, collecting = (rate * float(run.way[name].mean()) for name in ("total", "collecting"))
        answer = rate * float(run.answer.mean())
        tables["measured"] = {
            "parts": {
                "hop": _length(collecting - lookahead, rate),
                "lookahead": _length(lookahead, rate),
                "compute": _length(answer, rate),
                "waiting": _length(total - collecting - answer, rate),
                "device": _length(device, rate),
            },
            "total": {**_length(total + device, rate), "spread_ms": summary(run.way["total"])},
        }
    return tables


def callbacks(run: Run) -> dict[str, Any]:
    """How regularly the device called, and how long it was kept."""
    rows, jitter = run.callbacks, run.jitter
    late = jitter > LATE_BLOCKS * rows["samples"][:-1] / run.rate
    return {
        "count": len(rows),
        "jitter_ms": summary(np.abs(jitter)),
        "late": int(late.sum()),
        "took_ms": summary(run.in_callback),
        "xruns": run.status.xruns,
    }


def fill(run: Run) -> dict[str, dict[str, float]]:
    """Levels of the rings in ms of audio: the least, and percentiles from the emptiest on."""
    rows = run.callbacks
    levels = {
        "stems ready": rows["ahead"] / run.rate,
        "input waiting": run.hops["backlog"] / run.rate,
        **({"file read ahead": rows["feed"] / run.rate} if rows["feed"].any() else {}),
    }
    found = {}
    for name, seconds in levels.items():
        if len(seconds):
            at = np.percentile(1000 * seconds, (0, 1, 50, 100))
            found[name] = dict(
                zip(("min", "p1", "p50", "max"), (round(float(ms), 2) for ms in at), strict=True)
            )
    return found


def pauses(run: Run) -> dict[str, Any]:
    """Of the engine's Python code."""
    return {
        "collections_ms": summary(run.collections["seconds"]),
        "collecting_share": round(float(run.collections["seconds"].sum()) / run.seconds, 6),
        "waking_ms": summary(run.wakings["seconds"]),
    }


def clocks(samples: tuple[Clocks, ...]) -> dict[str, Any]:
    """Range of each clock, None where it cannot be read, and shares of the processors' time."""

    def span(values: list[float | None]) -> dict[str, float] | None:
        known = [value for value in values if value is not None]
        if not known:
            return None
        mean = sum(known) / len(known)
        return {"min": round(min(known), 1), "mean": round(mean, 1), "max": round(max(known), 1)}

    def share(values: list[float]) -> float | None:
        return round(sum(values) / len(values), 4) if values else None

    return {
        "cpu_mhz": span([sample.cpu_mhz for sample in samples]),
        "gpu_mhz": span([sample.gpu_mhz for sample in samples]),
        "busy": share([sample.busy for sample in samples]),
        "stolen": share([sample.stolen for sample in samples]),
    }


def _length(samples: float, rate: int) -> dict[str, float]:
    return {"samples": round(samples), "ms": round(1000 * samples / rate, 3)}
