"""`rtsep --input FILE`, as fast as it goes: its progress, and what it tells at the end."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from rtsep.audio.routes import parse_channels
from rtsep.cli.common.figures import length, say, spec_dict
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.signals import stop_on_signals
from rtsep.cli.files.progress import file_progress
from rtsep.config import StreamSettings
from rtsep.engine.instant import InstantStream
from rtsep.engine.separator import Separator
from rtsep.files.places import Kind, Place
from rtsep.files.session import FileSession, SessionReport, run_file_session
from rtsep.files.sources import check_place, check_stem_file
from rtsep.files.true_stems import TrueStems
from rtsep.files.ways import Streamed
from rtsep.setup.load import load
from rtsep.setup.runtime import prepare_process, share_cores
from rtsep.setup.tuned import chosen

OFFLINE, TRUE = "offline", "true stems"  # in the place of a mode


def run_file(
    source: Place,
    *,
    destination: str,
    offline: bool,
    model: str,
    device: str,
    cache: Path | None,
    target: float | None,
    precision: str,
    executor: str,
    input_channels: str | None,
    named: tuple[str, ...] | None,
    complete: bool | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a file session. `options` are those of `FileSession` and of `StreamSettings`."""
    channels = parse_channels(input_channels) if input_channels else ()
    names = [field.name for field in dataclasses.fields(StreamSettings)]
    settings = StreamSettings(**{name: options.pop(name) for name in names})
    session = FileSession(
        input=source.name,
        output=destination,
        stream=None if offline else settings,
        input_channels=channels,
        **options,
    )
    check_place(source, channels)
    prepare_process()
    with RichObserver(f"loading {model}") as observer:
        separator = load(
            model,
            device,
            precision=precision,
            executor=executor,
            cache=cache,
            observer=observer,
            stems=named,
            complete=complete,
        )
    if target is not None:
        session = dataclasses.replace(session, stream=_stream_for(separator, target, cache))
    name = "demo" if source.kind is Kind.DEMO else Path(source.name).name
    with stop_on_signals() as stop, file_progress(name, separator.sample_rate) as progress:
        report = run_file_session(separator, session, progress=progress, should_stop=stop.is_set)
    tell(report, f"{separator.name} on {separator.device}")
    if as_json:
        click.echo(json.dumps(as_dict(report, separator)))


def run_stem_file(
    source: Place,
    *,
    destination: str,
    input_channels: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Play a stem file under the faders, into files. `options` are those of `FileSession`."""
    channels = parse_channels(input_channels) if input_channels else ()
    known = TrueStems(file=check_stem_file(source, channels))
    session = FileSession(input=source.name, output=destination, **options)
    with stop_on_signals() as stop, file_progress(known.name, known.sample_rate) as progress:
        report = run_file_session(known, session, progress=progress, should_stop=stop.is_set)
    tell(report, f"the true stems of {known.name}", how="")
    if as_json:
        click.echo(json.dumps(as_dict(report, known)))


def _stream_for(separator: Separator, latency: float, cache: Path | None) -> StreamSettings:
    """As a live session of that latency would cut audio."""
    share_cores()  # as that session does
    setting = chosen(separator, latency, cache=cache, say=say).setting
    return StreamSettings(**dataclasses.asdict(setting))


def tell(report: SessionReport, by: str, *, how: str = ", offline, the best quality") -> None:
    """A few lines for a person, on standard error so that --json stays alone on the other. `by` is
    who made the stems, `how` is said of those that no stream made."""
    for note in report.notes:
        say(f"note: {note}")
    say(
        f"{by}: {report.seconds:.1f} s of audio in "
        f"{report.wall_seconds:.1f} s ({report.seconds / report.wall_seconds:.2f} x real time)"
        + ("" if report.streamed else how)
        + (", stopped early" if report.stopped_early else "")
    )
    if report.streamed:
        _tell_stream(report.streamed)
    if report.sdr:
        say("SDR  " + "  ".join(f"{stem} {db:.1f} dB" for stem, db in report.sdr.items()))
    if report.files:
        say(f"written: {', '.join(map(str, report.files))}")


def _tell_stream(streamed: Streamed) -> None:
    spec, rate = streamed.stream.spec, streamed.stream.spec.sample_rate
    say(
        f"mode {spec.mode}, latency of the algorithm {1000 * spec.latency_samples / rate:.0f} ms "
        f"(hop {1000 * spec.hop / rate:.0f} + lookahead {1000 * spec.lookahead / rate:.0f}), "
        f"window {spec.window / rate:.2f} s"
    )
    if isinstance(streamed.stream, InstantStream):
        stream = streamed.stream
        say(
            f"instant path: {1000 * stream.latency_samples / rate:.0f} ms after the sound, "
            f"from stems of the full path that are {1000 * stream.age / rate:.0f} ms old"
        )
    if times := streamed.times.milliseconds():
        say(
            f"{len(streamed.times)} steps of {times['p50']:.0f} ms (p99 {times['p99']:.0f}), "
            f"{streamed.times.misses} longer than the hop of {1000 * spec.hop / rate:.0f} ms"
        )


def as_dict(report: SessionReport, separator: Separator | TrueStems) -> dict[str, Any]:
    """What --json prints: plain numbers and texts. What a file has none of is null: xruns, and
    offline everything about steps; of true stems also who made them."""
    made = (
        {"model": None, "device": None}
        if isinstance(separator, TrueStems)
        else {"model": separator.name, "device": str(separator.device)}
    )
    mode = TRUE if isinstance(separator, TrueStems) else OFFLINE
    return {
        **made,
        "sample_rate": separator.sample_rate,
        "stems": list(separator.stems),
        **_steps_dict(report.streamed, mode),
        "xruns": None,
        "seconds": round(report.seconds, 3),
        "wall_seconds": round(report.wall_seconds, 3),
        "stopped_early": report.stopped_early,
        "sanitized": report.sanitized,
        "sdr": {stem: round(db, 2) for stem, db in report.sdr.items()},
        "files": [str(path) for path in report.files],
        "notes": report.notes,
    }


def _steps_dict(streamed: Streamed | None, otherwise: str) -> dict[str, Any]:
    if streamed is None:
        names = ("path", "executor", "spec", "latency", "steps", "step_ms", "deadline_misses")
        return {"mode": otherwise} | dict.fromkeys(names)
    spec, rate = streamed.stream.spec, streamed.stream.spec.sample_rate
    instant = isinstance(streamed.stream, InstantStream)
    return {
        "mode": spec.mode,
        "path": "instant" if instant else "full",
        "executor": streamed.stream.executor,
        "spec": spec_dict(spec),
        "latency": {
            "hop": length(spec.hop, rate),
            "lookahead": length(spec.lookahead, rate),
            "algorithmic": length(streamed.stream.latency_samples, rate),
        },
        "steps": len(streamed.times),
        "step_ms": streamed.times.milliseconds(),
        "deadline_misses": streamed.times.misses,
    }
